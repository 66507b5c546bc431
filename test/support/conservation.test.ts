import { describe, expect, it } from "vitest";
import { conservationViolations, type LedgerSnapshot, metricViolations } from "./conservation.ts";
import type { ReceivedMetric } from "./otlp-receiver.ts";

/** A ledger in full flight that obeys every law, with different numbers everywhere they may differ. */
const LEDGER: LedgerSnapshot = {
  published: 40,
  accepted: 33,
  refused: { INVALID_DATA: 3, BUS_CLOSED: 2 },
  validating: 2,
  dispatched: 27,
  unrouted: 5,
  scheduled: 4,
  cancelled: 2,
  matched: 55,
  replays: 2,
  handled: 20,
  failed: 9,
  timedOut: 4,
  skipped: 1,
  dropped: 3,
  aborted: 2,
  deduplicated: 6,
  queued: 5,
  running: 4,
  waitingForRetry: 3,
  deadLettered: 8,
  discarded: 5,
  attempts: 60,
  attemptsFailed: 25,
  attemptsTimedOut: 9,
  attemptsAborted: 2,
  attemptsRunning: 4,
  retries: 18,
  deliveriesStarted: 42,
  cutByDeadline: 2,
  deadLettersStored: 4,
  deadLettersReplayed: 2,
  deadLettersRemoved: 1,
  deadLettersEvicted: 3,
  lateResults: 7,
  spansStarted: 98,
  spansEnded: 95,
};

function sum(
  name: string,
  ...points: readonly (readonly [labels: Record<string, string>, value: number])[]
): ReceivedMetric {
  return {
    name,
    kind: "sum",
    monotonic: true,
    unit: "1",
    description: "",
    temporality: "cumulative",
    scope: { name: "spanbus", version: undefined, schemaUrl: undefined },
    points: points.map(([attributes, value]) => ({ attributes, value, resource: {}, timeNs: 0n })),
  };
}

function histogram(
  name: string,
  ...counts: readonly (readonly [labels: Record<string, string>, count: number])[]
): ReceivedMetric {
  const point = { sum: 1, min: 0, max: 1, bounds: [], bucketCounts: [], resource: {}, timeNs: 0n };
  return {
    ...sum(name),
    kind: "histogram",
    monotonic: false,
    points: counts.map(([attributes, count]) => ({ ...point, attributes, count })),
  };
}

/** Metrics that agree with {@link LEDGER}, spread over two subscriptions or destinations where a bus would do so. */
function metrics(): ReceivedMetric[] {
  const failed = { "spanbus.delivery.outcome": "failed" };
  const timedOut = { "spanbus.delivery.outcome": "timed_out" };
  const deadLettered = { "spanbus.delivery.disposition": "dead_lettered" };
  const discarded = { "spanbus.delivery.disposition": "discarded" };
  return [
    sum("messaging.client.sent.messages", [{ to: "a" }, 33], [{ to: "b" }, 5]),
    histogram("messaging.client.operation.duration", [{ "messaging.operation.name": "publish" }, 38], [{}, 99]),
    sum("messaging.client.consumed.messages", [{ to: "a" }, 50], [{ to: "b" }, 6]),
    histogram("messaging.process.duration", [{ to: "a" }, 50], [{ to: "b" }, 6]),
    sum(
      "spanbus.event.refused",
      [{ "spanbus.refusal.reason": "invalid_data" }, 3],
      [{ "spanbus.refusal.reason": "bus_closed" }, 2],
    ),
    sum("spanbus.event.unrouted", [{}, 5]),
    sum("spanbus.delivery.matched", [{ s: "x" }, 50], [{ s: "y" }, 5]),
    sum(
      "spanbus.deliveries",
      [{ "spanbus.delivery.outcome": "handled" }, 20],
      [{ ...failed, ...deadLettered }, 6],
      [{ ...failed, ...discarded }, 3],
      [{ ...timedOut, ...deadLettered }, 2],
      [{ ...timedOut, ...discarded }, 2],
      [{ "spanbus.delivery.outcome": "skipped" }, 1],
      [{ "spanbus.delivery.outcome": "dropped" }, 3],
      [{ "spanbus.delivery.outcome": "aborted" }, 2],
      [{ "spanbus.delivery.outcome": "deduplicated" }, 6],
    ),
    sum(
      "spanbus.delivery.in_flight",
      [{ "spanbus.delivery.state": "queued" }, 5],
      [{ "spanbus.delivery.state": "running" }, 4],
      [{ "spanbus.delivery.state": "waiting_for_retry" }, 3],
    ),
    sum("spanbus.delivery.late_results", [{}, 7]),
    sum("spanbus.handler.retries", [{}, 18]),
    sum(
      "spanbus.dead_letter.events",
      [{ "spanbus.dead_letter.operation": "stored" }, 10],
      [{ "spanbus.dead_letter.operation": "replayed" }, 2],
      [{ "spanbus.dead_letter.operation": "removed" }, 1],
      [{ "spanbus.dead_letter.operation": "evicted" }, 3],
    ),
    sum("spanbus.dead_letter.stored", [{}, 4]),
  ];
}

/** Side counters, that no equation binds, and those that have a bound instead. */
const UNBOUND: readonly string[] = ["lateResults", "unrouted", "spansStarted", "spansEnded"];

const SINGLE_NUMBERS = (Object.keys(LEDGER) as (keyof LedgerSnapshot)[]).filter((key) => key !== "refused");

describe("conservationViolations", () => {
  it("finds nothing in a ledger that obeys the law", () => {
    expect(conservationViolations(LEDGER)).toEqual([]);
  });

  it.each(
    SINGLE_NUMBERS.filter((key) => !UNBOUND.includes(key)).flatMap((key) => [
      { key, by: 1 },
      { key, by: -1 },
    ]),
  )("catches $key off by $by", ({ key, by }) => {
    const violations = conservationViolations({ ...LEDGER, [key]: (LEDGER[key] as number) + by });

    expect(violations.join()).toContain(key);
  });

  it("catches a refusal too many, and too few", () => {
    expect(conservationViolations({ ...LEDGER, refused: { INVALID_DATA: 4, BUS_CLOSED: 2 } })).toEqual([
      "published 40 is not accepted 33 + refused 6 + validating 2 (41)",
    ]);
    expect(conservationViolations({ ...LEDGER, refused: { INVALID_DATA: 3 } })).toEqual([
      "published 40 is not accepted 33 + refused 3 + validating 2 (38)",
    ]);
  });

  it("names every broken equation with its numbers", () => {
    expect(conservationViolations({ ...LEDGER, handled: 21, spansEnded: 99 })).toEqual([
      "matched 55 + replays 2 (57) is not handled 21 + failed 9 + timedOut 4 + skipped 1 + dropped 3 + aborted 2 + " +
        "deduplicated 6 + queued 5 + running 4 + waitingForRetry 3 (58)",
      "attempts 60 is not handled 21 + attemptsFailed 25 + attemptsTimedOut 9 + attemptsAborted 2 + attemptsRunning 4 (61)",
      "spansStarted 98 is not spansEnded 99",
    ]);
  });

  it("catches more deliveries cut by a deadline than were aborted", () => {
    expect(conservationViolations({ ...LEDGER, cutByDeadline: 3, deadLettersStored: 5 })).toEqual([
      "cutByDeadline 3 is more than aborted 2",
    ]);
  });

  it("lets spans be open while something is in flight, and none after", () => {
    const quiet = { ...LEDGER, queued: 0, running: 0, attemptsRunning: 0, waitingForRetry: 0, validating: 0 };
    const settled = { ...quiet, published: 38, handled: 32, attempts: 68, retries: 26 };

    expect(conservationViolations({ ...LEDGER, spansStarted: 120 })).toEqual([]);
    expect(conservationViolations({ ...settled, spansEnded: 98 })).toEqual([]);
    expect(conservationViolations(settled)).toEqual(["spansStarted 98 is not spansEnded 95"]);
  });

  it("catches more unrouted events than dispatched ones", () => {
    expect(conservationViolations({ ...LEDGER, unrouted: 28 })).toEqual(["unrouted 28 is more than dispatched 27"]);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("catches a count of %s", (count) => {
    expect(conservationViolations({ ...LEDGER, lateResults: count })).toEqual([`lateResults is ${count}, not a count`]);
    expect(conservationViolations({ ...LEDGER, refused: { INVALID_DATA: count } })).toContain(
      `refused.INVALID_DATA is ${count}, not a count`,
    );
  });
});

describe("metricViolations", () => {
  it("finds nothing where every metric equals its ledger number", () => {
    expect(metricViolations(LEDGER, metrics())).toEqual([]);
  });

  it.each(metrics().flatMap((metric) => metric.points.map((_, index) => ({ name: metric.name, index }))))(
    "catches point $index of $name off by one",
    ({ name, index }) => {
      const changed = metrics().map((metric) => {
        if (metric.name !== name) return metric;
        if (metric.kind === "histogram") {
          const points = metric.points.map((point, at) =>
            at === index ? { ...point, count: point.count + 1 } : point,
          );
          return { ...metric, points };
        }
        const points = metric.points.map((point, at) => (at === index ? { ...point, value: point.value - 1 } : point));
        return { ...metric, points };
      });
      const counted = name !== "messaging.client.operation.duration" || index === 0; // the other is no publish

      const violations = metricViolations(LEDGER, changed);

      expect(violations.filter((violation) => violation.startsWith(name)).length > 0).toBe(counted);
    },
  );

  it("catches a metric that is absent, unless its number is 0", () => {
    const without = metrics().filter((metric) => metric.name !== "spanbus.delivery.late_results");

    expect(metricViolations(LEDGER, without)).toEqual(["spanbus.delivery.late_results is absent, the ledger says 7"]);
    expect(metricViolations({ ...LEDGER, lateResults: 0 }, without)).toEqual([]);
  });

  it("catches a refusal reason the ledger does not know", () => {
    const renamed = metrics().map((metric) => {
      return metric.name === "spanbus.event.refused"
        ? sum(
            metric.name,
            [{ "spanbus.refusal.reason": "invalid_data" }, 3],
            [{ "spanbus.refusal.reason": "other" }, 2],
          )
        : metric;
    });

    expect(metricViolations(LEDGER, renamed)).toEqual([
      "spanbus.event.refused{spanbus.refusal.reason=bus_closed} is absent, the ledger says 2",
      "spanbus.event.refused{spanbus.refusal.reason=other} is 2, the ledger says 0",
    ]);
  });

  it.each([
    {
      what: "a refusal without a reason",
      name: "spanbus.event.refused",
      labels: {},
      expected: ["spanbus.event.refused is 6, the ledger says 5"],
    },
    {
      what: "an unknown outcome",
      name: "spanbus.deliveries",
      labels: { "spanbus.delivery.outcome": "lost" },
      expected: ["spanbus.deliveries is 46, the ledger says 45"],
    },
    {
      what: "a disposition of a delivery that was handled",
      name: "spanbus.deliveries",
      labels: { "spanbus.delivery.outcome": "handled", "spanbus.delivery.disposition": "discarded" },
      expected: [
        "spanbus.deliveries is 46, the ledger says 45",
        "spanbus.deliveries{spanbus.delivery.outcome=handled} is 21, the ledger says 20",
        "spanbus.deliveries{spanbus.delivery.disposition=discarded} is 6, the ledger says 5",
      ],
    },
    {
      what: "an unknown state",
      name: "spanbus.delivery.in_flight",
      labels: { "spanbus.delivery.state": "paused" },
      expected: ["spanbus.delivery.in_flight is 13, the ledger says 12"],
    },
  ])("catches $what", ({ name, labels, expected }) => {
    const added = metrics().map((metric) => {
      if (metric.name !== name || metric.kind === "histogram") return metric;
      return { ...metric, points: [...metric.points, { attributes: labels, value: 1, resource: {}, timeNs: 0n }] };
    });

    expect(metricViolations(LEDGER, added)).toEqual(expected);
  });

  it("catches deliveries counted under the other disposition", () => {
    const swapped = metrics().map((metric) => {
      if (metric.name !== "spanbus.deliveries" || metric.kind === "histogram") return metric;
      const points = metric.points.map((point) => {
        if (point.value !== 3 || point.attributes["spanbus.delivery.outcome"] !== "failed") return point;
        return { ...point, attributes: { ...point.attributes, "spanbus.delivery.disposition": "dead_lettered" } };
      });
      return { ...metric, points };
    });

    expect(metricViolations(LEDGER, swapped)).toEqual([
      "spanbus.deliveries{spanbus.delivery.disposition=dead_lettered} is 11, the ledger says 8",
      "spanbus.deliveries{spanbus.delivery.disposition=discarded} is 2, the ledger says 5",
    ]);
  });

  it("catches a series that NaN has ruined", () => {
    const ruined = metrics().map((metric) => {
      return metric.name === "spanbus.handler.retries" ? sum(metric.name, [{}, Number.NaN]) : metric;
    });

    expect(metricViolations(LEDGER, ruined)).toEqual(["spanbus.handler.retries is NaN, the ledger says 18"]);
  });
});
