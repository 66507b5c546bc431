import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** The sink, and where it listens. */
export interface Sink extends Disposable {
  readonly endpoint: string;
}

/** Starts the process that takes OTLP; it ends with this one at the latest. */
export async function startSink(kind: "healthy" | "black hole" = "healthy"): Promise<Sink> {
  const child = fork(join(import.meta.dirname, "sink.ts"), [kind]);
  const [port] = await once(child, "message");
  return { endpoint: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => child.disconnect() };
}

/** Spans the sink has taken since it was last told to forget. */
export async function spansReceived(endpoint: string): Promise<number> {
  return Number(await (await fetch(`${endpoint}/spans`)).text());
}

export async function forgetSpans(endpoint: string): Promise<void> {
  await fetch(`${endpoint}/spans`, { method: "DELETE" });
}
