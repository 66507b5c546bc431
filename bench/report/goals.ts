import type { Results } from "./results.ts";

/** A goal of the design's performance page, and what was measured. */
export interface GoalCheck {
  readonly name: string;
  readonly limit: number;
  readonly isLowerBound: boolean;
  readonly measured: number | undefined;
  readonly unit: string;
}

interface Goal {
  readonly name: string;
  /** At most this; at least this where `atLeast`. */
  readonly limit: number;
  readonly atLeast?: boolean;
  readonly unit?: string;
  readonly measure: (results: Results) => number | undefined;
}

const BARE = "spanbus ambient:false";
const API = "spanbus, own SDK";
const EE = "EventEmitter";
const EM = "emittery";
const SYNC = "silent/sync/exact";

/** "per X" is a ratio of CPU per publish; the numbers are those of the design's performance page. */
const GOALS: readonly Goal[] = [
  per("nothing listens, default, N = 1, per EventEmitter", 15, [`${SYNC}/1`, "spanbus", EE]),
  bytes("nothing listens, default, N = 1: bytes", 1300, [`${SYNC}/1`, "spanbus"]),
  per("nothing listens, default, N = 1, per emittery", 0.33, [`${SYNC}/1`, "spanbus", EM]),
  per("nothing listens, default, N = 5, per emittery", 0.25, [`${SYNC}/5`, "spanbus", EM]),
  per("nothing listens, ambient: false, N = 1, per EventEmitter", 5, [`${SYNC}/1`, BARE, EE]),
  per("nothing listens, ambient: false, N = 5, per EventEmitter", 1.6, [`${SYNC}/5`, BARE, EE]),
  per("nothing listens, ambient: false, N = 50, per EventEmitter", 1.1, [`${SYNC}/50`, BARE, EE]),
  bytes("nothing listens, ambient: false, N = 1: bytes", 400, [`${SYNC}/1`, BARE]),
  per("async, N = 5, ambient: false, per EventEmitter2.emitAsync", 1.2, [
    "silent/async/exact/5",
    BARE,
    "EventEmitter2.emitAsync",
  ]),
  per("async, N = 5, ambient: false, per emittery", 0.4, ["silent/async/exact/5", BARE, EM]),
  {
    name: "wildcard per exact, ambient: false, N = 1",
    limit: 1.15,
    measure: (results) => results.ratio("silent/sync/wildcard/1", BARE, BARE, `${SYNC}/1`),
  },
  per("wildcard, ambient: false, N = 1, per EventEmitter2 wildcard", 0.15, [
    "silent/sync/wildcard/1",
    BARE,
    "EventEmitter2",
  ]),
  per("unsampled, N = 1, per direct", 0.35, ["unsampled/sync/exact/1", "spanbus", "direct"]),
  per("unsampled, N = 5, per direct", 0.15, ["unsampled/sync/exact/5", "spanbus", "direct"]),
  per("sampled + batch, N = 1, per direct", 0.65, ["batch/sync/exact/1", "spanbus", "direct"]),
  per("sampled + batch, N = 5, per direct", 0.65, ["batch/sync/exact/5", "spanbus", "direct"]),
  per("sampled + OTLP JSON, N = 1, per direct", 0.8, ["otlp/sync/exact/1", "spanbus", "direct"]),
  per("sampled + OTLP JSON, N = 5, per direct", 0.8, ["otlp/sync/exact/5", "spanbus", "direct"]),
  per("API histograms only: sampled + batch, N = 5, per direct", 0.85, ["batch/sync/exact/5", API, "direct"]),
  per("API histograms only: sampled + OTLP JSON, N = 5, per direct", 0.9, ["otlp/sync/exact/5", API, "direct"]),
  per("sampled, N = 5, per hand-wrapped EventEmitter", 0.65, [
    "batch/sync/exact/5",
    "spanbus",
    "EventEmitter, hand-wrapped",
  ]),
  per("sampled, N = 5, per hand-wrapped emittery", 0.65, ["batch/sync/exact/5", "spanbus", "emittery, hand-wrapped"]),
  per("sampled, N = 5, per hand-wrapped EventEmitter2", 0.65, [
    "batch/sync/exact/5",
    "spanbus",
    "EventEmitter2, hand-wrapped",
  ]),
  per("sampled, N = 5, per hand-wrapped cqrs", 0.5, ["batch/sync/exact/5", "spanbus", "@nestjs/cqrs, hand-wrapped"]),
  per("sampled, N = 5, per moleculer", 0.35, ["batch/sync/exact/5", "spanbus", "moleculer"]),
  per("sampled, N = 5, per effect", 0.13, ["batch/sync/exact/5", "spanbus", "effect"]),
  bytes("unsampled, N = 5: bytes", 4500, ["unsampled/sync/exact/5", "spanbus"]),
  bytes("sampled, N = 5: bytes", 26_000, ["batch/sync/exact/5", "spanbus"]),
  {
    name: "10,000 publishes a second, OTLP JSON: spans exported",
    limit: 99,
    atLeast: true,
    unit: "%",
    measure: (results) => percent(results.exported("paced/sync/exact/1", "spanbus")),
  },
  {
    name: "10,000 publishes a second, OTLP JSON: loop delay p99",
    limit: 6,
    unit: "ms",
    measure: (results) => results.delayP99("paced/sync/exact/1", "spanbus"),
  },
  per("10,000 publishes a second, OTLP JSON, per direct", 0.85, ["paced/sync/exact/1", "spanbus", "direct"]),
];

/** Every goal, with its measured figure where the bench that ran has it. */
export function checkGoals(results: Results): GoalCheck[] {
  return GOALS.map(({ name, limit, atLeast = false, unit = "", measure }) => {
    return { name, limit, isLowerBound: atLeast, unit, measured: measure(results) };
  });
}

/** Whether a goal is met; undefined where it was not measured. */
export function isMet({ measured, limit, isLowerBound }: GoalCheck): boolean | undefined {
  if (measured === undefined) return undefined;
  return isLowerBound ? measured >= limit : measured <= limit;
}

function per(name: string, limit: number, question: readonly [scenario: string, who: string, base: string]): Goal {
  return { name, limit, measure: (results) => results.ratio(...question) };
}

function bytes(name: string, limit: number, question: readonly [scenario: string, who: string]): Goal {
  return { name, limit, unit: "B", measure: (results) => results.bytes(...question) };
}

function percent(share: number | undefined): number | undefined {
  return share === undefined ? undefined : share * 100;
}
