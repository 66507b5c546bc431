import { ATTRIBUTES } from "../../../src/telemetry/semconv.ts";
import { LABELS } from "../prometheus-names.ts";

/** A link on a value, a panel or a row of a table. */
export interface PanelLink {
  readonly title: string;
  readonly url: string;
  readonly targetBlank: boolean;
}

/** The uid of each dashboard: what its address ends in. */
export const BOARD_UIDS = {
  overview: "spanbus-overview",
  handler: "spanbus-handler",
  correlation: "spanbus-correlation",
  slo: "spanbus-slo",
  telemetry: "spanbus-telemetry",
} as const;

/** Text of an address: literal, or a variable that Grafana fills in and percent-encodes. */
export type Part = string | { readonly variable: string };

/** The value of a dashboard variable. */
export function variable(name: string): Part {
  return { variable: name };
}

/** The value that the clicked row of a table, or point of a graph, has of a label. */
export function rowLabel(label: keyof typeof LABELS): Part {
  return { variable: `__data.fields.${LABELS[label]}` };
}

/** A link to another of the dashboards with the same time range, data source and environment, and these variables. */
export function boardLink(
  title: string,
  board: keyof typeof BOARD_UIDS,
  variables: Readonly<Record<string, Part>>,
): PanelLink {
  const kept = [`\${__url_time_range}`, `\${datasource:queryparam}`, `\${environment:queryparam}`];
  const given = Object.entries(variables).map(([name, part]) => `var-${name}=${encode(part)}`);
  return { title, url: `/d/${BOARD_UIDS[board]}?${[...kept, ...given].join("&")}`, targetBlank: false };
}

/** What to search Jaeger for. */
export interface JaegerLinkTarget {
  readonly service: Part;
  /** Attributes that one span of the trace has, by their name in the contract. */
  readonly tags: Readonly<Record<string, Part>>;
}

/** The address of a search in Jaeger's own UI. */
export function jaegerSearchUrl(jaegerBaseUrl: string, { service, tags }: JaegerLinkTarget): string {
  const members = Object.entries(tags).map(([name, part]) => `${encode(JSON.stringify(name))}%3A%22${encode(part)}%22`);
  const query = [
    `service=${encode(service)}`,
    "lookback=2d",
    "limit=20",
    `tags=%7B${members.join("%2C")}%7D`, // {"name":"value","name":"value"}, percent-encoded piece by piece
  ];
  return `${jaegerBaseUrl}/search?${query.join("&")}`;
}

/** A link to the failed traces of the handler in `handler`. */
export function failedTracesLink(jaegerBaseUrl: string, service: Part, handler: Part): PanelLink {
  const url = jaegerSearchUrl(jaegerBaseUrl, {
    service,
    tags: { error: "true", [ATTRIBUTES.subscription.name]: handler },
  });
  return { title: "Failed traces in Jaeger", url, targetBlank: true };
}

/** A link to the trace whose id is the clicked value. */
export function traceLink(jaegerBaseUrl: string): PanelLink {
  return { title: "Trace in Jaeger", url: `${jaegerBaseUrl}/trace/\${__value.raw}`, targetBlank: true };
}

/** A link to the runbook of the alert named in the clicked row. */
export function runbookLink(runbookBaseUrl: string): PanelLink {
  return { title: "Runbook", url: `${runbookBaseUrl}/\${__data.fields.alertname:percentencode}.md`, targetBlank: true };
}

function encode(part: Part): string {
  return typeof part === "string" ? encodeURIComponent(part) : `\${${part.variable}:percentencode}`;
}
