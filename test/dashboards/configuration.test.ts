import { basename, dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { ATTRIBUTES, METRICS } from "../../src/telemetry/semconv.ts";
import { readComposeFile } from "./compose-file.ts";
import { configurationText, readConfiguration, type Tree, texts } from "./configuration.ts";

const { services } = readComposeFile();

describe("the configuration of Prometheus", () => {
  const config = readConfiguration("prometheus/prometheus.yml");

  it("labels every series with what tells services, versions and environments apart", () => {
    expect(config.otlp).toEqual({
      translation_strategy: "UnderscoreEscapingWithSuffixes",
      promote_resource_attributes: [
        "service.name",
        "service.namespace",
        "service.instance.id",
        "service.version",
        "deployment.environment.name",
      ],
      keep_identifying_resource_attributes: true,
    });
  });

  it("takes what comes late", () => {
    expect(config.storage?.tsdb?.out_of_order_time_window).toBe("30m");
  });

  it("scrapes and alerts servers of the compose file", () => {
    const jobs = Object.values(config.scrape_configs ?? {}) as unknown as Tree[];
    const alertmanagers = Object.values(config.alerting?.alertmanagers ?? {}) as unknown as Tree[];
    const targets = [...jobs, ...alertmanagers].flatMap(({ static_configs }) =>
      Object.values(static_configs ?? {}).flatMap(({ targets: each }) => texts(each)),
    );
    const known = [...Object.keys(services), "localhost"];

    expect(targets).toHaveLength(5);
    expect(targets.filter((target) => !known.includes(target.split(":")[0] ?? ""))).toEqual([]);
  });

  it("reads the rules that are generated, and the configuration where the compose file puts it", () => {
    expect(texts(config.rule_files)).toEqual(["rules/*.yml"]);
    expect(services.prometheus?.command).toContain("--config.file=/etc/prometheus/prometheus.yml");
    expect(services.prometheus?.volumes?.[0]).toMatchObject({
      source: "./dashboards/prometheus",
      target: "/etc/prometheus",
    });
  });
});

describe("the configuration of Alertmanager", () => {
  const config = readConfiguration("alertmanager/alertmanager.yml");
  const receivers = Object.values(config.receivers ?? {}) as unknown as Record<string, unknown>[];

  it("tells nobody until it is told whom", () => {
    expect(receivers).toEqual([{ name: "page" }, { name: "ticket" }, { name: "nobody" }]);
  });

  it("routes by severity: pages at once, tickets by default, the rest nowhere", () => {
    const routes = Object.values(config.route?.routes ?? {}) as unknown as Tree[];

    expect(config.route?.receiver).toBe("ticket");
    expect(routes.map(({ receiver, matchers }) => [receiver, texts(matchers)])).toEqual([
      ["nobody", ['severity = "info"']],
      ["page", ['severity = "page"']],
    ]);
  });

  it("lets a page silence the ticket of the same alert, never that of another", () => {
    const [rule] = Object.values(config.inhibit_rules ?? {}) as unknown as Tree[];

    expect(texts(rule?.source_matchers)).toEqual(['severity = "page"']);
    expect(texts(rule?.target_matchers)).toEqual(['severity = "ticket"']);
    expect(texts(rule?.equal)).toEqual([
      "alertname",
      "service_name",
      "deployment_environment_name",
      labelOf(ATTRIBUTES.destination.name),
      labelOf(ATTRIBUTES.subscription.name),
    ]);
  });
});

describe("what Grafana is provisioned with", () => {
  const text = configurationText("grafana/provisioning/datasources/spanbus.yml");
  const sources = Object.values(
    readConfiguration("grafana/provisioning/datasources/spanbus.yml").datasources ?? {},
  ) as unknown as Tree[];
  const source = (uid: string): Tree | undefined => sources.find((each) => String(each.uid) === uid);

  it("reads from servers of the compose file, under the uids that dashboards name, without credentials", () => {
    expect(sources.map(({ uid, type, url }) => [uid, type, url])).toEqual([
      ["prometheus", "prometheus", "http://prometheus:9090"],
      ["jaeger", "jaeger", "http://jaeger:16686"],
      ["alertmanager", "alertmanager", "http://alertmanager:9093"],
    ]);
    expect(sources.filter((each) => "secureJsonData" in each || "basicAuth" in each || "user" in each)).toEqual([]);
    expect(Object.keys(services)).toEqual(expect.arrayContaining(["prometheus", "jaeger", "alertmanager"]));
  });

  it("leads from an exemplar to its trace", () => {
    expect(source("prometheus")?.jsonData?.exemplarTraceIdDestinations).toEqual([
      { name: "trace_id", datasourceUid: "jaeger", urlDisplayLabel: "Open the trace" },
    ]);
  });

  it("leads from a span to the metrics of its handler, by attributes and metrics of the contract", () => {
    const { tags, queries, datasourceUid } = source("jaeger")?.jsonData?.tracesToMetrics ?? {};
    const contract = new Set(Object.values(METRICS).map(({ name }) => labelOf(name)));
    const asked = Object.values(queries ?? {}).map(({ query }) => String(query));
    const metrics = asked.flatMap((query) => query.match(/\w+(?=\{)/g) ?? []);

    expect(datasourceUid).toBe("prometheus");
    expect(tags).toEqual([
      { key: "service.name", value: "service_name" },
      { key: ATTRIBUTES.subscription.name, value: labelOf(ATTRIBUTES.subscription.name) },
    ]);
    expect(metrics).toHaveLength(asked.length);
    expect(metrics.filter((name) => !contract.has(name.replace(/(_seconds)?_(bucket|total)$/, "")))).toEqual([]);
  });

  it("leaves Grafana's own variables to Grafana: each $ is doubled, for provisioning expands the rest", () => {
    const singles = text.match(/(?<!\$)\$(?!\$)[\w{]+/g);

    expect(text).toContain("$$__tags");
    expect(singles).toBeNull();
  });

  it("finds the dashboards where the compose file mounts them, and opens with one of them", () => {
    const [provider] = Object.values(
      readConfiguration("grafana/provisioning/dashboards/spanbus.yml").providers ?? {},
    ) as unknown as Tree[];
    const { volumes = [], environment = {} } = services.grafana ?? {};

    expect(volumes.find(({ source: from }) => from?.endsWith("/grafana/dashboards"))?.target).toBe(
      provider?.options?.path,
    );
    const { GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: home = "" } = environment;
    expect(dirname(home)).toBe(provider?.options?.path);
    expect(readConfiguration(`grafana/dashboards/${basename(home)}`).uid).toBe("spanbus-overview");
  });
});

/** A dotted name as Prometheus has it. */
function labelOf(name: string): string {
  return name.replaceAll(".", "_");
}
