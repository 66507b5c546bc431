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
import { type Matcher, select } from "../promql.ts";
import { ONE_HANDLER, type Scope, SEVERAL } from "../scope.ts";
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
  const query = labelValues("service", SERIES.busInfo, SEVERAL.service.slice(0, 1));
  const builder = queryVariable("service", "Service", query);
  if (choice === "several") chooseSeveral(builder, ".+");
  if (initial !== undefined) {
    builder.current(choice === "one" ? { text: initial, value: initial } : { text: [initial], value: [initial] });
  }
  return builder.build();
}

/** The events of the chosen service or services: names, and templates of families. */
export function eventVariable(services: Choice): VariableModel {
  const query = labelValues("destination", SERIES.sent, scopeOf(services).service);
  return chooseSeveral(queryVariable("event", "Event", query), ".+").build();
}

/** The handlers of the chosen events: names of subscriptions. */
export function handlerVariable(choice: Choice): VariableModel {
  const query = labelValues("subscription", SERIES.matched, scopeOf(choice).published);
  const builder = queryVariable("handler", "Handler", query);
  return (choice === "several" ? chooseSeveral(builder, ".+") : builder).build();
}

/** What the dashboards of the whole stack let choose: any number of environments, services, events and handlers. */
export function stackVariables(service: string | undefined): VariableModel[] {
  return [
    prometheusVariable(),
    environmentVariable(),
    serviceVariable("several", service),
    eventVariable("several"),
    handlerVariable("several"),
  ];
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

function scopeOf(choice: Choice): Scope {
  return choice === "several" ? SEVERAL : ONE_HANDLER;
}

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
