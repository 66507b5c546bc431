import { graph } from "../grafana/graph.ts";
import type { Section } from "../grafana/layout.ts";
import { overTime } from "../grafana/query.ts";
import { perSecond, total } from "../measures.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { equal, type Matcher, maxBy, select, sumBy } from "../promql.ts";
import type { Scope } from "../scope.ts";

/** How full everything is. */
export function saturation({ published, delivered }: Scope): Section {
  const handler = [LABELS.subscription];
  const legend = `{{${LABELS.subscription}}}`;
  const inFlight = graph(
    {
      title: "In flight, by state",
      description: "Deliveries not settled yet. Queued ones that only ever grow mean that handlers are too slow.",
      unit: "short",
      stacked: true,
    },
    overTime(total(SERIES.inFlight, delivered, [LABELS.deliveryState]), `{{${LABELS.deliveryState}}}`),
  );
  const busy = graph(
    {
      title: "Handlers at work, on average",
      description:
        "By Little's law: attempts per second times their duration. Near a subscription's `concurrency`, its queue begins to fill.",
      unit: "short",
    },
    overTime(`topk(10, ${perSecond(`${SERIES.processDuration}_sum`, delivered, handler)})`, legend),
  );
  const queues = graph(
    {
      title: "Queues, share in use",
      description: "Queued deliveries over the queue's capacity. At 100 % the queue's policy blocks, drops or rejects.",
      unit: "percentunit",
      thresholds: { warning: 0.7, critical: 0.9 },
    },
    overTime(
      `${total(SERIES.inFlight, [...delivered, equal(LABELS.deliveryState, "queued")], handler)} / (${capacity(delivered)} > 0)`,
      legend,
    ),
  );
  const growth = graph(
    {
      title: "Backlog growth",
      description: "Deliveries made minus deliveries settled, per second. Above 0 for long, the backlog grows.",
      unit: "cps",
      signed: true,
    },
    overTime(
      `${perSecond(SERIES.matched, delivered, handler)} - ${perSecond(SERIES.deliveries, delivered, handler)}`,
      legend,
    ),
  );
  const lastSuccess = graph(
    {
      title: "Since the last success",
      description:
        "Seconds since each handler last handled anything (at first: since it subscribed). For a handler that gets events all the time, a steady climb means it is stuck.",
      unit: "s",
    },
    overTime(`time() - ${maxBy(handler, select(SERIES.lastSuccess, delivered))}`, legend),
  );
  const scheduled = graph(
    {
      title: "Scheduled events",
      description: "Events accepted with a delay that are not due yet.",
      unit: "short",
    },
    overTime(total(SERIES.scheduled, published, [LABELS.destination]), `{{${LABELS.destination}}}`),
  );
  return {
    title: "Saturation",
    lines: [
      { height: 8, panels: [inFlight, busy, queues] },
      { height: 8, panels: [growth, lastSuccess, scheduled] },
    ],
  };
}

/** A queue is a subscription's, whatever the event: neither the chosen events nor their number may change its size. */
function capacity(delivered: readonly Matcher[]): string {
  const ofAnyEvent = delivered.filter(({ label }) => label !== LABELS.destination);
  const perProcess = [LABELS.service, LABELS.serviceInstance, LABELS.subscription];
  return sumBy([LABELS.subscription], maxBy(perProcess, select(SERIES.queueCapacity, ofAnyEvent)));
}
