import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableHide,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { type Matcher, matches, select } from "../promql.ts";
import { PROMETHEUS } from "./query.ts";

/** Whether one value is chosen at a time, or several and all of them. */
export type Choice = "one" | "several";

/** The Prometheus data source. */
export function prometheusVariable(): VariableModel {
  return new DatasourceVariableBuilder("datasource")
    .label("Metrics")
    .type("prometheus")
    .current({ text: "Prometheus", value: "prometheus" })
    .build();
}

/** The Jaeger data source. */
export function jaegerVariable(): VariableModel {
  return new DatasourceVariableBuilder("jaeger")
    .label("Traces")
    .type("jaeger")
    .current({ text: "Jaeger", value: "jaeger" })
    .build();
}

/** The deployment environment. "All" takes in services that name none. */
export function environmentVariable(): VariableModel {
  const query = labelValues("environment", SERIES.busInfo, []);
  return chooseSeveral(queryVariable("environment", "Environment", query), ".*").build();
}

/** The service; `initial` is chosen where it is given. */
export function serviceVariable(choice: Choice, initial: string | undefined): VariableModel {
  const query = labelValues("service", SERIES.busInfo, [IN_ENVIRONMENT]);
  const builder = queryVariable("service", "Service", query);
  if (choice === "several") chooseSeveral(builder, ".+");
  if (initial !== undefined) {
    builder.current(choice === "one" ? { text: initial, value: initial } : { text: [initial], value: [initial] });
  }
  return builder.build();
}

/** The event: a name, or the template of a family. */
export function eventVariable(): VariableModel {
  const query = labelValues("destination", SERIES.sent, [IN_ENVIRONMENT, OF_SERVICE]);
  return chooseSeveral(queryVariable("event", "Event", query), ".+").build();
}

/** The handler: a subscription's name. */
export function handlerVariable(choice: Choice): VariableModel {
  const query = labelValues("subscription", SERIES.matched, [IN_ENVIRONMENT, OF_SERVICE, OF_EVENT]);
  const builder = queryVariable("handler", "Handler", query);
  return (choice === "several" ? chooseSeveral(builder, ".+") : builder).build();
}

/** A field to type or paste into. */
export function textVariable(name: string, label: string, description: string): VariableModel {
  return new TextBoxVariableBuilder(name)
    .label(label)
    .description(description)
    .defaultValue("")
    .current({ text: "", value: "" })
    .hide(VariableHide.DontHide)
    .build();
}

/** Matchers for the variables above; a variable of several values is a regular expression, which Grafana escapes. */
export const IN_ENVIRONMENT: Matcher = matches(LABELS.environment, "$environment");
export const OF_SERVICE: Matcher = matches(LABELS.service, "$service");
export const OF_EVENT: Matcher = matches(LABELS.destination, "$event");

function labelValues(label: keyof typeof LABELS, metric: string, matchers: readonly Matcher[]): string {
  return `label_values(${select(metric, matchers)}, ${LABELS[label]})`;
}

function queryVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(PROMETHEUS)
    .query({ qryType: 1, query, refId: "PrometheusVariableQueryEditor-VariableQuery" })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

function chooseSeveral(builder: QueryVariableBuilder, allValue: string): QueryVariableBuilder {
  return builder
    .multi(true)
    .includeAll(true)
    .allValue(allValue)
    .current({ text: ["All"], value: ["$__all"] });
}
