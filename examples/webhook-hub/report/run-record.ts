import type { DeadLetter, Ledger } from "spanbus";
import type { TelemetryReport } from "spanbus/instrumentation";
import type { Answers } from "../http/answers.ts";
import type { Hub } from "../hub/hub.ts";
import type { HandlerRecord } from "../hub/journal.ts";
import type { Surprise } from "../replay/replay.ts";
import type { TraceLinks } from "../telemetry.ts";
import { type Equation, equationsOf } from "./balance.ts";
import type { TraceSpan, TraceStore } from "./trace-store.ts";
import { pickTrace } from "./trace-tree.ts";

/** Everything the report tells about a run that is over. */
export interface RunRecord {
  /** `329 webhooks of 58 event types`. */
  readonly what: string;
  readonly durationMs: number;
  readonly answers: ReturnType<Answers["list"]>;
  /** Answers to the replay that were not the expected ones. */
  readonly surprises: readonly Surprise[];
  readonly repositories: number;
  readonly ledger: Readonly<Ledger>;
  readonly handlers: readonly HandlerRecord[];
  readonly deadLetters: readonly DeadLetter[];
  readonly trace: readonly TraceSpan[] | undefined;
  readonly equations: readonly Equation[];
  readonly telemetry: TelemetryReport;
  /** Where the telemetry went; undefined when it stayed here. */
  readonly collector: string | undefined;
  /** Where traces can be looked at; undefined when that is not known. */
  readonly links: TraceLinks | undefined;
}

export interface RunRecordInit
  extends Pick<RunRecord, "what" | "durationMs" | "surprises" | "telemetry" | "collector" | "links"> {
  /** Drained. */
  readonly hub: Hub;
  readonly answers: Answers;
  readonly traces: TraceStore;
}

/** Reads the accounts of a run that is over. */
export function recordRun({ hub, answers, traces, ...rest }: RunRecordInit): RunRecord {
  const handlers = hub.journal.handlers();
  const ledger = hub.bus.stats();
  const calls = handlers.reduce((sum, each) => sum + each.calls, 0);
  const retries = handlers.reduce((sum, each) => sum + each.retries, 0);
  return {
    ...rest,
    answers: answers.list(),
    repositories: hub.index.size,
    ledger,
    handlers,
    deadLetters: hub.bus.deadLetters.list(),
    trace: pickTrace(traces.traces()),
    equations: equationsOf(ledger, { calls, retries }),
  };
}

/** Whether every answer was the expected one and every equation holds. */
export function isFlawless({ surprises, equations }: RunRecord): boolean {
  return surprises.length === 0 && equations.every((each) => each.isBalanced);
}
