import { ATTRIBUTES } from "../../../src/telemetry/semconv.ts";
import type { Board } from "../grafana/dashboard.ts";
import { failedHereLink, jaegerHomeLink } from "../grafana/head-links.ts";
import type { Section } from "../grafana/layout.ts";
import type { StackLinks } from "../grafana/stack-links.ts";
import { traceTable } from "../grafana/traces.ts";
import {
  environmentVariable,
  eventVariable,
  handlerVariable,
  jaegerVariable,
  prometheusVariable,
  serviceVariable,
} from "../grafana/variables.ts";
import type { StackModel } from "../model.ts";
import { failures } from "../rows/failures.ts";
import { eventSignals, handlerSignals } from "../rows/handler-signals.ts";
import { latency } from "../rows/latency.ts";
import { saturation } from "../rows/saturation.ts";
import { ONE_HANDLER } from "../scope.ts";

/** One handler: what it does, its traces, and why it fails. */
export function handlerBoard(model: StackModel, links: StackLinks): Board {
  return {
    name: "handler",
    title: "spanbus / Event and handler",
    description: "One handler of one service: its failed traces, why it fails, how long it takes, how full it is.",
    range: "6h",
    variables: [
      prometheusVariable(),
      jaegerVariable(),
      environmentVariable(),
      serviceVariable("one", model.service),
      eventVariable("one"),
      handlerVariable("one"),
    ],
    links: [failedHereLink(links), jaegerHomeLink(links)],
    sections: [
      { ...handlerSignals(ONE_HANDLER), title: "Handler $handler" },
      handlerTraces(links),
      failures(ONE_HANDLER),
      latency(ONE_HANDLER),
      saturation(ONE_HANDLER),
      { ...eventSignals(ONE_HANDLER), title: "Event $event, all its handlers" },
    ],
  };
}

/** The values in quotes: a tag's value ends at the first blank otherwise. */
function handlerTraces({ jaegerBaseUrl }: StackLinks): Section {
  const tag = `${ATTRIBUTES.subscription.name}=\${handler:doublequote}`;
  const search = { service: `\${service:raw}`, limit: 20 };
  const failed = traceTable(
    {
      title: "Failed traces",
      description:
        "Traces in which this handler failed for good, newest first. **Click a trace id** to read the trace.",
    },
    { ...search, tags: `${tag} error=true` },
    jaegerBaseUrl,
  );
  const retried = traceTable(
    {
      title: "Traces with a retried attempt",
      description: "Traces in which an attempt of this handler failed and was tried again, newest first.",
    },
    { ...search, tags: `${tag} ${ATTRIBUTES.outcome.name}=retry` },
    jaegerBaseUrl,
  );
  return { title: "Traces", lines: [{ height: 9, panels: [failed, retried] }] };
}
