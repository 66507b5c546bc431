import { graph } from "../grafana/graph.ts";
import type { Section } from "../grafana/layout.ts";
import { boardLink, rowLabel } from "../grafana/links.ts";
import { overTime } from "../grafana/query.ts";
import { labelColumn, table } from "../grafana/table.ts";
import { HANDLER_ROW, inRange, perSecond, total } from "../measures.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { equal } from "../promql.ts";
import type { Scope } from "../scope.ts";

/** Who gets what, and what runs. */
export function topology({ service, published, delivered }: Scope): Section {
  const accepted = [...published, equal(LABELS.errorType, "")];
  const routes = table({
    title: "Routes",
    description: "Deliveries from events to handlers in the chosen time range: what is subscribed to what.",
    sortBy: "Deliveries",
    labels: [
      labelColumn("destination", "Event"),
      labelColumn("subscription", "Handler", [
        boardLink("Handler", "handler", {
          service: rowLabel("service"),
          event: rowLabel("destination"),
          handler: rowLabel("subscription"),
        }),
      ]),
      labelColumn("service", "Service"),
    ],
    values: [
      { title: "Deliveries", expression: inRange(SERIES.matched, delivered, HANDLER_ROW), unit: "short", decimals: 0 },
    ],
  });
  const subscriptions = graph(
    {
      title: "Subscriptions, by state",
      description: "Active, paused by the application, or opened by a circuit breaker.",
      unit: "short",
      stacked: true,
    },
    overTime(
      total(SERIES.subscriptions, service, [LABELS.service, LABELS.subscriptionState]),
      `{{${LABELS.service}}} {{${LABELS.subscriptionState}}}`,
    ),
  );
  const fanOut = graph(
    {
      title: "Fan-out",
      description: "Deliveries per accepted event: how many handlers an event reaches on average.",
      unit: "short",
      decimals: 1,
    },
    overTime(
      `${perSecond(SERIES.matched, published, [LABELS.destination])} / (${perSecond(SERIES.sent, accepted, [LABELS.destination])} > 0)`,
      `{{${LABELS.destination}}}`,
    ),
  );
  return { title: "Topology", lines: [{ height: 9, panels: [routes, subscriptions, fanOut] }] };
}
