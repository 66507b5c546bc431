import { type OtlpReceiver, type ReceiverBehaviour, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { type ProgramResult, type RunOptions, runProgram } from "../support/run-program.ts";

/** Of a program that {@link runStopping} ran. */
export interface Stopped extends ProgramResult {
  /** What the line `report …` on stdout holds; undefined when there is none. */
  readonly report: ProgramReport | undefined;
  /** From the signal to the exit, in milliseconds, measured inside; NaN when the program did not get that far. */
  readonly exitMs: number;
}

interface ProgramReport {
  readonly isComplete: boolean;
  readonly signal: string | null;
  readonly durationMs: number;
  readonly cut: readonly { eventId: string; eventName: string; subscription: string; reason: string }[];
  readonly telemetry?: {
    readonly ok: boolean;
    readonly timedOut: boolean;
    readonly spans: Readonly<Record<"exported" | "dropped" | "failed" | "notDelivered", number>>;
    readonly errors: readonly string[];
  };
  readonly problems: readonly string[];
}

/** What programs start with; `ready()` asks the test for the signals. Times are taken from the first signal on. */
const BEGINNING = `
  import { createLogger, startTelemetry } from "spanbus/instrumentation";
  import { EventBus, stopOnSignals } from "spanbus";
  import { setTimeout as wait } from "node:timers/promises";
  let signalledAt;
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => { signalledAt ??= performance.now(); });
  process.on("exit", () => console.log("exit after " + (performance.now() - signalledAt)));
  const onStopped = (report) => console.log("report " + JSON.stringify(report));
  const ready = () => console.log("ready");
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const logger = createLogger({ base: null, timestamp: false });
`;

const SIGTERM_WHEN_READY: NonNullable<RunOptions["signalAfter"]> = [{ output: "ready", signal: "SIGTERM" }];

/** Runs a program in a process of its own, which gets SIGTERM when it has printed `ready`, unless options say otherwise. */
export async function runStopping(source: string, options: RunOptions = {}): Promise<Stopped> {
  const result = await runProgram(BEGINNING + source, { signalAfter: SIGTERM_WHEN_READY, ...options });
  const report = /^report (.*)$/m.exec(result.stdout)?.[1];
  return {
    ...result,
    report: report === undefined ? undefined : (JSON.parse(report) as ProgramReport),
    exitMs: Number(/^exit after (.*)$/m.exec(result.stdout)?.[1] ?? Number.NaN),
  };
}

/** Runs a program with telemetry that goes to a collector of this kind. */
export async function runWithCollector(
  behaviour: ReceiverBehaviour,
  source: string,
  options: RunOptions = {},
): Promise<{ readonly stopped: Stopped; readonly receiver: OtlpReceiver }> {
  await using receiver = await startOtlpReceiver({ behaviour });
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...options.env };
  const stopped = await runStopping(`const telemetry = startTelemetry({ logger: quiet });\n${source}`, {
    ...options,
    env,
  });
  return { stopped, receiver };
}
