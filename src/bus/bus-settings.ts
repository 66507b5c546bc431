import { v4 as uuid } from "uuid";
import { OptionCheck } from "../check.ts";
import { isSource } from "../event/event-rules.ts";
import type { BusOptions, ErrorDetail, IncomingTrace, SpanLevel, TraceMode } from "../options.ts";

/** A bus's options, checked and with every default filled in. */
export interface BusSettings {
  readonly source: string | undefined;
  readonly unknownEvents: "refuse" | "allow";
  readonly generateId: () => string;
  readonly now: () => number;
  readonly random: () => number;
  readonly maxDepth: number;
  readonly ambient: boolean;
  readonly freeze: "shallow" | "deep";
  readonly trace: TraceMode;
  readonly spans: SpanLevel;
  readonly incoming: IncomingTrace;
  readonly assumeParentBased: boolean;
  readonly errors: ErrorDetail;
  readonly redact: ((text: string) => string) | undefined;
  readonly maxDestinations: number;
  readonly maxScheduled: number;
  readonly deadLetterCapacity: number;
}

const OPTIONS: readonly string[] = [
  "source",
  "events",
  "unknownEvents",
  "logger",
  "generateId",
  "now",
  "random",
  "maxDepth",
  "ambient",
  "freeze",
  "trace",
  "spans",
  "incoming",
  "assumeParentBased",
  "errors",
  "redact",
  "maxDestinations",
  "deadLetters",
  "maxScheduled",
];

/** Checks the options of a bus, once, and fills in every default. */
export function busSettings(options: BusOptions<unknown>): BusSettings {
  const check = new OptionCheck("new EventBus", options, OPTIONS);
  check.matching("source", "1 to 255 characters without control characters", isSource);
  check.object("events");
  check.oneOf("unknownEvents", ["refuse", "allow"]);
  check.matching("logger", "a pino-shaped logger with debug, info, warn and error", isLogger);
  for (const key of ["generateId", "now", "random", "redact"]) check.function(key);
  check.number("maxDepth", { min: 0, max: 256, integer: true }); // synchronous handlers nest on the stack
  check.boolean("ambient");
  check.oneOf("freeze", ["shallow", "deep"]);
  check.oneOf("trace", ["child", "link", "auto"]);
  check.oneOf("spans", ["handlers", "events", "off"]);
  check.oneOf("incoming", ["trust", "link", "ignore"]);
  check.boolean("assumeParentBased");
  check.oneOf("errors", ["type", "message", "full"]);
  check.number("maxDestinations", { min: 1, max: 1500, integer: true });
  check.number("maxScheduled", { min: 1, max: 10_000_000, integer: true });
  check.object("deadLetters");
  new OptionCheck("new EventBus: deadLetters", options.deadLetters, ["capacity"]).number("capacity", {
    min: 1,
    max: 10_000_000,
    integer: true,
  });
  return {
    source: options.source,
    unknownEvents: options.unknownEvents ?? "refuse",
    generateId: options.generateId ?? uuid,
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
    maxDepth: options.maxDepth ?? 64,
    ambient: options.ambient ?? true,
    freeze: options.freeze ?? "shallow",
    trace: options.trace ?? "auto",
    spans: options.spans ?? "handlers",
    incoming: options.incoming ?? "link",
    assumeParentBased: options.assumeParentBased ?? false,
    errors: options.errors ?? "full",
    redact: options.redact,
    maxDestinations: options.maxDestinations ?? 500,
    maxScheduled: options.maxScheduled ?? 10_000,
    deadLetterCapacity: options.deadLetters?.capacity ?? 1000,
  };
}

function isLogger(value: unknown): boolean {
  const logger = value as Record<string, unknown> | null;
  return ["debug", "info", "warn", "error"].every((level) => typeof logger?.[level] === "function");
}
