import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { ATTRIBUTES, METRICS } from "../../../src/telemetry/semconv.ts";
import { type ReceivedMetric, startOtlpReceiver } from "../../support/otlp-receiver.ts";
import { runProgram } from "../../support/run-program.ts";

const PROGRAM = fileURLToPath(new URL("./program.ts", import.meta.url));
const CLOCK = fileURLToPath(new URL("./clock.ts", import.meta.url));

let cells: readonly ReceivedMetric[];

beforeAll(async () => {
  cells = await metricsOf("cells");
});

describe("the metrics of a program with every outcome", () => {
  it("are all of the contract's, and each has counted something", () => {
    const counted = cells.filter(({ points }) => points.some((point) => "count" in point || point.value > 0));

    // an empty queue at the end is what a shutdown is for
    const expected = Object.values(METRICS).filter(({ name }) => name !== "spanbus.telemetry.queue.size");
    expect(counted.map(({ name }) => name).toSorted()).toEqual(expected.map(({ name }) => name).toSorted());
  });

  it("tell every outcome, and every operation on dead letters", () => {
    const outcome = (labels: Labels): string => [labels.outcome, labels.disposition, labels.reason].join(" ").trim();

    expect(countedInto("spanbus.deliveries", outcome)).toEqual([
      "aborted  close",
      "failed dead_lettered",
      "failed discarded expected",
      "failed discarded handler",
      "handled",
      "skipped",
      "timed_out dead_lettered",
    ]);
    expect(countedInto("spanbus.dead_letter.events", (labels) => labels.deadLetterOperation ?? "")).toEqual([
      "evicted",
      "removed",
      "replayed",
      "stored",
    ]);
  });

  it("fill the first bucket, the last, and those whose boundary a duration meets", () => {
    const durations = cells.find(({ name }) => name === METRICS.processDuration.name);
    const buckets = durations?.points.map((point) => ("count" in point ? point.bucketCounts : [])) ?? [];

    const filled = buckets[0]?.map((_, bucket) => buckets.some((counts) => (counts[bucket] ?? 0) > 0)) ?? [];

    expect([filled[0], filled[2], filled[6], filled.at(-2), filled.at(-1)]).toEqual([true, true, true, true, true]);
  });

  it("are the same where a reader of the application's takes the durations from the API's histograms", async () => {
    const metrics = await metricsOf("reader");

    expect(comparable(metrics)).toEqual(comparable(cells));
  });

  it("are the same on an SDK of the application's own, but for what startTelemetry says of itself", async () => {
    const metrics = await metricsOf("sdk");

    const isOfBuses = ({ name }: ReceivedMetric): boolean => !name.startsWith("spanbus.telemetry.");
    expect(comparable(metrics.filter(isOfBuses))).toEqual(comparable(cells.filter(isOfBuses)));
  });
});

/** What the program sends on a path, by its own clock: `cells`, `reader` or `sdk`. */
async function metricsOf(path: string): Promise<readonly ReceivedMetric[]> {
  await using receiver = await startOtlpReceiver();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: "shop" };
  const program = await runProgram({ file: PROGRAM }, { args: [path], env, importFlags: [CLOCK] });
  if (program.exitCode !== 0 || program.stderr !== "") throw new Error(`${program.exitCode}: ${program.stderr}`);
  return receiver.metrics();
}

type Labels = Readonly<Partial<Record<keyof typeof ATTRIBUTES, string>>>;

/** What `spell` makes of the labels of those series of a metric that have counted something. */
function countedInto(name: string, spell: (labels: Labels) => string): string[] {
  const points = cells.find((metric) => metric.name === name)?.points ?? [];
  const counted = points.filter((point) => "value" in point && point.value > 0);
  const texts = counted.map(({ attributes }) => {
    const named = Object.entries(ATTRIBUTES).map(([key, attribute]) => [key, attributes[attribute.name]]);
    return spell(Object.fromEntries(named) as Labels);
  });
  return [...new Set(texts)].toSorted();
}

/** Everything that is exported, in one order, without resources and the times of collections. */
function comparable(metrics: readonly ReceivedMetric[]): unknown[] {
  const points = metrics.flatMap(({ points: all, ...metric }) =>
    all.map(({ attributes, resource: _, timeNs: __, ...value }) => {
      const labels = Object.entries(attributes).toSorted(([one], [other]) => (one < other ? -1 : 1));
      return [`${metric.name} ${JSON.stringify(labels)}`, { ...metric, ...inNanoseconds(value) }] as const;
    }),
  );
  return points.toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** The SDK adds what came between two collections by itself, so that the last bits of its sums differ. */
function inNanoseconds<Value extends object>(value: Value): Value {
  return "sum" in value ? { ...value, sum: Math.round(Number(value.sum) * 1e9) } : value;
}
