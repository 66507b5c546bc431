import { graph } from "../grafana/graph.ts";
import { heatmap } from "../grafana/heatmap.ts";
import type { Section } from "../grafana/layout.ts";
import { buckets, overTime } from "../grafana/query.ts";
import { durationQuantile, RATE_WINDOW } from "../measures.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { type Matcher, rate, select, sumBy } from "../promql.ts";
import type { Scope } from "../scope.ts";

/** How long everything takes. */
export function latency({ published, delivered }: Scope): Section {
  const attempts = graph(
    {
      title: "Handler duration",
      description: "One attempt of a handler, its middleware included. Failed attempts count too.",
      unit: "s",
    },
    ...quantiles(SERIES.processDuration, delivered),
  );
  const spread = heatmap(
    {
      title: "Handler duration, spread",
      description: "The same as a heatmap: two bands mean two kinds of work, or a cache that misses.",
      unit: "s",
    },
    buckets(sumBy(["le"], rate(select(`${SERIES.processDuration}_bucket`, delivered), RATE_WINDOW))),
  );
  const slowest = graph(
    {
      title: "Slowest handlers, p95",
      description: "The ten handlers with the slowest attempts.",
      unit: "s",
    },
    overTime(
      `topk(10, ${durationQuantile(0.95, SERIES.processDuration, { matchers: delivered, labels: [LABELS.subscription] })})`,
      `{{${LABELS.subscription}}}`,
    ),
  );
  const publishing = graph(
    {
      title: "Publish duration, p99",
      description: "From the call until the deliveries are handed over; synchronous handlers run within it.",
      unit: "s",
    },
    overTime(
      `topk(10, ${durationQuantile(0.99, SERIES.operationDuration, { matchers: published, labels: [LABELS.destination] })})`,
      `{{${LABELS.destination}}}`,
    ),
  );
  const waiting = graph(
    {
      title: "Wait before the handler",
      description: "From publish to the start of the first attempt. It grows when a queue or the event loop is full.",
      unit: "s",
    },
    ...quantiles(SERIES.waitDuration, delivered),
  );
  const critical = graph(
    {
      title: "Critical time",
      description:
        "From hand-over to the end of the delivery, queue and retries included: what the latency objective measures.",
      unit: "s",
    },
    ...quantiles(SERIES.deliveryDuration, delivered),
  );
  return {
    title: "Latency",
    lines: [
      { height: 8, panels: [attempts, spread] },
      { height: 8, panels: [slowest, publishing] },
      { height: 8, panels: [waiting, critical] },
    ],
  };
}

function quantiles(metric: string, matchers: readonly Matcher[]): ReturnType<typeof overTime>[] {
  return [0.5, 0.95, 0.99].map((ratio) =>
    overTime(durationQuantile(ratio, metric, { matchers }), `p${Math.round(ratio * 100)}`),
  );
}
