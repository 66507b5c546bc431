import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ROOT } from "../../support/root.ts";

const PROGRAMS = join(ROOT, "test/stack/programs");
const STOP_WITHIN_MS = 20_000;

export interface ChildServiceOptions {
  /** A file of test/stack/programs. */
  readonly program: string;
  readonly args: readonly string[];
  /** Where its telemetry goes. */
  readonly otlpUrl: string;
}

/** A service in a process of its own. */
export class ChildService implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = "";

  constructor({ program, args, otlpUrl }: ChildServiceOptions) {
    const { PATH = "", HOME = "" } = process.env;
    this.#child = fork(join(PROGRAMS, program), args, {
      env: { PATH, HOME, NODE_NO_WARNINGS: "1", OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: [],
    });
    this.#closed = once(this.#child, "close");
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    }
  }

  /** Everything it printed so far. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  send(command: string): void {
    if (this.#child.connected) this.#child.send(command);
  }

  /** Resolves with what it printed, once it has ended well. @throws with the output when it has not */
  async ended(): Promise<string> {
    await this.#closed;
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== 0) throw new Error(`the service ended with ${signalCode ?? exitCode}: ${this.#output}`);
    return this.#output;
  }

  /** Asks it to stop, and kills this one process when it does not. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isRunning) return;
    this.send("stop");
    const killing = setTimeout(() => this.#child.kill("SIGKILL"), STOP_WITHIN_MS);
    await this.#closed;
    clearTimeout(killing);
  }
}
