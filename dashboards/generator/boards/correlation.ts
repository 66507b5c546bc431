import { ATTRIBUTES } from "../../../src/telemetry/semconv.ts";
import type { Board } from "../grafana/dashboard.ts";
import { correlationLink, jaegerHomeLink } from "../grafana/head-links.ts";
import type { StackLinks } from "../grafana/stack-links.ts";
import { text } from "../grafana/text.ts";
import { traceTable, traceView } from "../grafana/traces.ts";
import {
  environmentVariable,
  jaegerVariable,
  prometheusVariable,
  serviceVariable,
  textVariable,
} from "../grafana/variables.ts";
import type { StackModel } from "../model.ts";

/** Everything that one correlation id stands for. */
export function correlationBoard(model: StackModel, links: StackLinks): Board {
  const search = {
    service: `\${service:raw}`,
    tags: `${ATTRIBUTES.conversationId.name}=\${correlation:doublequote}`,
    limit: 50,
  };
  const found = traceTable(
    {
      title: "Traces of $correlation in $service",
      description:
        "Traces in which this service published or handled an event with the correlation id, newest first. **Click a trace id** to read the trace.",
    },
    search,
    links.jaegerBaseUrl,
  );
  const same = traceView(
    {
      title: "Trace $correlation",
      description:
        "The trace whose id is the correlation id: so it is where the bus made the id at the root of a trace.",
    },
    `\${correlation:raw}`,
  );
  return {
    name: "correlation",
    title: "spanbus / Correlation id",
    description: "Paste a correlation id from a log line or a support ticket, and see every trace it left.",
    range: "2d",
    variables: [
      prometheusVariable(),
      jaegerVariable(),
      environmentVariable(),
      serviceVariable("one", model.service),
      textVariable("correlation", "Correlation id", "As in `correlation_id` of a log line, or `result.correlationId`"),
    ],
    links: [correlationLink(links), jaegerHomeLink(links)],
    sections: [
      {
        title: "Traces",
        lines: [
          { height: 4, panels: [text("How to use it", HELP)] },
          { height: 12, panels: [found] },
        ],
      },
      { title: "The trace of the same id", collapsed: true, lines: [{ height: 18, panels: [same] }] },
    ],
  };
}

const HELP = `Paste an id into **Correlation id** above, and choose the **Service** that published or handled its events.
Every span of the bus carries the id as \`${ATTRIBUTES.conversationId.name}\`, in the first event's trace and in those of
whatever it caused. Nothing found? Widen the time range: Jaeger searches no further than that.`;
