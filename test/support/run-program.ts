import { type ChildProcess, spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeLinkedFolder } from "./linked-folder.ts";
import { ROOT } from "./root.ts";

// Taken at load: fake timers in a test must not stop the deadline of a real process.
const { setTimeout, clearTimeout } = globalThis;

/** TypeScript source, or a file of this repository that is run where it stands. */
export type Program = string | { readonly file: string | URL };

export interface RunOptions {
  /** Added to a bare environment: nothing of the test's own (`OTEL_*`, `NODE_OPTIONS`, `VITEST_*`) is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of the program. */
  readonly args?: readonly string[];
  /** The values of `node --import` flags, modules loaded first, such as `spanbus/register`. */
  readonly importFlags?: readonly string[];
  /** Other options of Node, such as `--expose-gc`. */
  readonly nodeOptions?: readonly string[];
  /** After this time the process is killed. @default 20000 */
  readonly timeoutMs?: number;
  /** Signals, each sent once, as soon as the program has printed its text (to stdout or stderr). */
  readonly signalAfter?: readonly { readonly output: string; readonly signal: NodeJS.Signals }[];
}

export interface ProgramResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** When the process was killed for `timeoutMs`, the last line says so. */
  readonly stderr: string;
  readonly durationMs: number;
  readonly timedOut: boolean;
}

/**
 * Runs a program in a child process of this Node. Source runs in a directory of its own, in which `spanbus` is the
 * built package (`npm run build`) and every other package the repository's; the directory is removed afterwards.
 */
export async function runProgram(program: Program, options: RunOptions = {}): Promise<ProgramResult> {
  requireNode24();
  if (typeof program !== "string") {
    const file = typeof program.file === "string" ? program.file : fileURLToPath(program.file);
    return run(file, ROOT, options);
  }
  await using folder = await makeLinkedFolder({ "main.ts": program });
  return await run(join(folder.path, "main.ts"), folder.path, options);
}

function requireNode24(): void {
  if (Number.parseInt(process.versions.node, 10) < 24) {
    throw new Error(
      `programs run on Node 24 and these tests on ${process.version}: start them with npm, which puts it on the PATH`,
    );
  }
}

function run(file: string, cwd: string, options: RunOptions): Promise<ProgramResult> {
  const { env = {}, args = [], importFlags = [], nodeOptions = [], timeoutMs = 20_000, signalAfter = [] } = options;
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [...nodeOptions, ...importFlags.flatMap((specifier) => ["--import", specifier]), file, ...args],
    { cwd, env: { ...bareEnvironment(), ...env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const output = collectOutput(child, signalAfter);
  return new Promise((resolve, reject) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("exit", () => {
      clearTimeout(timer);
      if (!timedOut) return;
      // A grandchild may hold the pipes open; what it prints is not waited for.
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.on("close", (exitCode, signal) => {
      const notice = timedOut ? `\n[killed: process ${child.pid} still ran after ${timeoutMs} ms]\n` : "";
      resolve({
        exitCode,
        signal,
        stdout: output.stdout,
        stderr: output.stderr + notice,
        durationMs: performance.now() - started,
        timedOut,
      });
    });
  });
}

/** What any program needs to start; `node` is the Node that runs the tests. */
function bareEnvironment(): Record<string, string | undefined> {
  const { PATH = "", HOME, TMPDIR, TZ } = process.env;
  return { PATH: `${dirname(process.execPath)}${delimiter}${PATH}`, HOME, TMPDIR, TZ, NO_COLOR: "1" };
}

function collectOutput(
  child: ChildProcess,
  signalAfter: NonNullable<RunOptions["signalAfter"]>,
): { readonly stdout: string; readonly stderr: string } {
  const output = { stdout: "", stderr: "" };
  const pending = new Set(signalAfter);
  for (const channel of ["stdout", "stderr"] as const) {
    child[channel]?.setEncoding("utf8").on("data", (text: string) => {
      output[channel] += text;
      for (const each of pending) {
        if (!output[channel].includes(each.output)) continue;
        pending.delete(each);
        child.kill(each.signal);
      }
    });
  }
  return output;
}
