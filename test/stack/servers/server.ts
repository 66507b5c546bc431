import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface ServerSpec {
  /** For messages: `prometheus`. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Answers 200 once the server is ready. */
  readonly readyUrl: string;
  /** Where everything it prints goes. */
  readonly logFile: string;
}

/** A server that this test started, ready; disposing it ends this one process. */
export interface Server extends AsyncDisposable {
  readonly logFile: string;
  /** Ends it, and waits until it is gone. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;

/** Starts a real server, and waits until it says itself that it is ready. */
export async function startServer(spec: ServerSpec): Promise<Server> {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  const child = spawn(spec.program, spec.args, {
    env: { PATH, HOME, TMPDIR, ...spec.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(spec.logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const stop = async (): Promise<void> => {
    await end(child);
    log.end();
  };
  try {
    await untilReady(child, spec);
  } catch (error) {
    await stop();
    throw error;
  }
  return { logFile: spec.logFile, stop, [Symbol.asyncDispose]: stop };
}

async function untilReady(child: ChildProcess, { name, readyUrl, logFile }: ServerSpec): Promise<void> {
  const failed: { reason?: string } = {};
  child.once("error", (error) => {
    failed.reason = error.message;
  });
  child.once("exit", (code, signal) => {
    failed.reason = `it ended with ${signal ?? code}`;
  });
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline && failed.reason === undefined) {
    const answer = await fetch(readyUrl, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error(`${name} did not get ready: ${failed.reason ?? `no 200 from ${readyUrl}`}; its log is ${logFile}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const killing = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
  await gone;
  clearTimeout(killing);
}
