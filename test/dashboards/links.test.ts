import { describe, expect, it } from "vitest";
import { readConfiguration, type Tree } from "./configuration.ts";

const DASHBOARDS = ["overview", "handler", "correlation", "slo", "telemetry"];
const dashboards = new Map(
  DASHBOARDS.map((name) => readConfiguration(`grafana/dashboards/${name}.json`)).map((each) => [
    String(each.uid),
    each,
  ]),
);
const ui = readConfiguration("jaeger/ui.json");
const links = [...Object.values(ui.linkPatterns ?? {}), ...Object.values(ui.menu ?? {})] as unknown as {
  url: string;
}[];
const toGrafana = links.map(({ url }) => new URL(url)).filter(({ port }) => port === "3000");

describe("the links of Jaeger's UI to Grafana", () => {
  it.each(toGrafana.map((url) => [`${url.pathname}${url.search}`, url] as const))(
    "%s: lead to a dashboard that is shipped, and set a variable that it has",
    (_, url) => {
      const dashboard = dashboards.get(url.pathname.replace("/d/", ""));
      const variables = Object.values(dashboard?.templating?.list ?? {}) as unknown as Tree[];

      expect(dashboard).toBeDefined();
      expect(variables.map(({ name }) => `var-${name}`)).toEqual(expect.arrayContaining([...url.searchParams.keys()]));
    },
  );

  it("are three", () => {
    expect(toGrafana).toHaveLength(3);
  });
});
