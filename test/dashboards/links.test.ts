import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readConfiguration, type Tree } from "./configuration.ts";

const dashboards = new Map(
  readdirSync("dashboards/grafana/dashboards")
    .map((file) => readConfiguration(`grafana/dashboards/${file}`))
    .map((dashboard) => [String(dashboard.uid), dashboard]),
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
