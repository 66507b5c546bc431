import { LABELS } from "../prometheus-names.ts";
import type { RuleSettings } from "./rule-options.ts";

/** A dashboard by its uid, with the alert's labels that its variables are set to. */
export interface BoardLink {
  readonly uid: "spanbus-overview" | "spanbus-handler" | "spanbus-slo" | "spanbus-telemetry";
  readonly variables: readonly BoardVariable[];
}

/** Variables of the dashboards that an alert's labels can set. */
type BoardVariable = "environment" | "service" | "event" | "handler";

/** Spans to search for. */
export interface SpanLink {
  /** `publish` or `process`: the first word of the span's name, the event being the second. */
  readonly operation: "publish" | "process";
  /** Tags the spans must have. @default none */
  readonly tags?: Readonly<Record<string, string>>;
}

const VARIABLE_LABELS: Readonly<Record<BoardVariable, string>> = {
  environment: LABELS.environment,
  service: LABELS.service,
  event: LABELS.destination,
  handler: LABELS.subscription,
};

/** The page that says what an alert means and what to do. */
export function runbookUrl(alert: string, { runbookBaseUrl }: RuleSettings): string {
  return `${withoutSlash(runbookBaseUrl)}/${alert}.md`;
}

/** A dashboard that opens with what the alert is about; a template that Prometheus fills from the alert's labels. */
export function dashboardUrl({ uid, variables }: BoardLink, { dashboardBaseUrl }: RuleSettings): string {
  const query = variables.map((each) => `var-${each}=${encoded(VARIABLE_LABELS[each])}`).join("&");
  return `${withoutSlash(dashboardBaseUrl)}/d/${uid}${query === "" ? "" : `?${query}`}`;
}

/** A search in Jaeger for spans of the event the alert is about; a template too. */
export function tracesUrl({ operation, tags }: SpanLink, { jaegerBaseUrl }: RuleSettings): string {
  const span = `${operation}%20${encoded(LABELS.destination)}`;
  const search = `service=${encoded(LABELS.service)}&operation=${span}&lookback=1h&limit=20`;
  const filter = tags && `&tags=${encodeURIComponent(JSON.stringify(tags))}`;
  return `${withoutSlash(jaegerBaseUrl)}/search?${search}${filter ?? ""}`;
}

function encoded(label: string): string {
  return `{{ $labels.${label} | urlquery }}`;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
