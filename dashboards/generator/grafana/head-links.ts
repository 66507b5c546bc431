import { type DashboardLink, DashboardLinkBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { ATTRIBUTES } from "../../../src/telemetry/semconv.ts";
import { jaegerSearchUrl, variable } from "./links.ts";
import type { StackLinks } from "./stack-links.ts";

/** A link to Jaeger's UI. */
export function jaegerHomeLink({ jaegerBaseUrl }: StackLinks): DashboardLink {
  return headLink("Jaeger", `${jaegerBaseUrl}/search`, "Search traces in Jaeger");
}

/** A link to the failed traces of the chosen handler. */
export function failedHereLink({ jaegerBaseUrl }: StackLinks): DashboardLink {
  const tags = { error: "true", [ATTRIBUTES.subscription.name]: variable("handler") };
  const url = jaegerSearchUrl(jaegerBaseUrl, { service: variable("service"), tags });
  return headLink("Failed traces", url, "Traces in Jaeger in which this handler failed");
}

/** A link to the traces of the pasted correlation id. */
export function correlationLink({ jaegerBaseUrl }: StackLinks): DashboardLink {
  const tags = { [ATTRIBUTES.conversationId.name]: variable("correlation") };
  const url = jaegerSearchUrl(jaegerBaseUrl, { service: variable("service"), tags });
  return headLink("These traces in Jaeger", url, "Traces in Jaeger with this correlation id");
}

function headLink(title: string, url: string, tooltip: string): DashboardLink {
  return new DashboardLinkBuilder(title).url(url).tooltip(tooltip).icon("external link").targetBlank(true).build();
}
