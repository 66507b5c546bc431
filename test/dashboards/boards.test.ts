import { describe, expect, it } from "vitest";
import { type BoardJson, committedBoards, expressionsOf, linksOf, type PanelJson, panelsOf } from "./boards.ts";
import { knownSeries, readExpression } from "./expression.ts";

const boards = committedBoards();
const byUid = new Map(boards.map(([, board]) => [board.uid, board]));
const series = knownSeries();

describe("the dashboards", () => {
  it("are five, each in a file called as its uid ends, of the schema that file provisioning reads", () => {
    const uids = boards.map(([, { uid }]) => uid);

    expect(uids.sort()).toEqual([
      "spanbus-correlation",
      "spanbus-handler",
      "spanbus-overview",
      "spanbus-slo",
      "spanbus-telemetry",
    ]);
    expect(boards.filter(([name, board]) => board.uid !== `spanbus-${name}` || board.schemaVersion > 42)).toEqual([]);
  });
});

describe.each(boards)("%s", (_name, board) => {
  const panels = panelsOf(board);

  it("has panels, each with an id of its own, rows included", () => {
    const ids = [...board.panels, ...board.panels.flatMap((panel) => panel.panels ?? [])].map(({ id }) => id);

    expect(panels).not.toEqual([]);
    expect(ids.toSorted((one, other) => one - other)).toEqual(ids.map((_id, i) => i + 1));
  });

  it("lets no panel reach over another, or over the edge", () => {
    const placed = [...board.panels.filter(({ type }) => type === "row"), ...panels];
    const pairs = placed.flatMap((one, i) => placed.slice(i + 1).map((other) => [one, other] as const));

    const overlapping = pairs.filter(([one, other]) => overlap(one, other)).map(([one, other]) => [one.id, other.id]);
    const beyond = placed.filter(({ gridPos: { x, w, h } }) => x < 0 || w < 1 || h < 1 || x + w > 24);

    expect({ overlapping, beyond }).toEqual({ overlapping: [], beyond: [] });
  });

  it("says on every panel what it shows, and in which unit", () => {
    const bare = panels.filter(({ title }) => title === "");
    const unexplained = panels.filter(({ type, description = "" }) => type !== "text" && description === "");
    const unitless = panels.filter(({ targets = [], fieldConfig }) => {
      return targets.some(({ expr }) => expr !== undefined) && (fieldConfig?.defaults.unit ?? "") === "";
    });

    expect([...bare, ...unexplained, ...unitless].map(({ title }) => title)).toEqual([]);
  });

  it("asks in PromQL that Prometheus's grammar accepts", () => {
    const errors = expressionsOf(board).flatMap(([place, text]) => {
      return readExpression(text).errors.map((error) => `${place}: …${error}…`);
    });

    expect(errors).toEqual([]);
  });

  it("asks for series of the contract or of the recording rules only, by labels they have", () => {
    const strangers = expressionsOf(board).flatMap(([place, text]) => {
      const { selectors, grouping } = readExpression(text);
      const known = new Set(selectors.flatMap(({ metric }) => series.get(metric) ?? []));
      return [
        ...selectors.filter(({ metric }) => !series.has(metric)).map(({ metric }) => `${place}: ${metric}`),
        ...selectors.flatMap(({ metric, labels }) => {
          const has = series.get(metric) ?? [];
          return labels.filter((label) => !has.includes(label)).map((label) => `${place}: ${metric}{${label}}`);
        }),
        ...grouping.filter((label) => !known.has(label)).map((label) => `${place}: by ${label}`),
      ];
    });

    expect(strangers).toEqual([]);
  });

  it("links to dashboards that exist, by variables that they have", () => {
    const links = panels.flatMap(linksOf).filter(({ url }) => url.startsWith("/d/"));

    const broken = links.filter(({ url }) => {
      const [, uid = "", query = ""] = /^\/d\/([\w-]+)\?(.*)$/.exec(url) ?? [];
      const target = byUid.get(uid);
      const names = target?.templating.list.map(({ name }) => name) ?? [];
      return target === undefined || variablesIn(query).some((name) => !names.includes(name));
    });

    expect(broken).toEqual([]);
  });

  it("links to Jaeger by a search that it understands", () => {
    const urls = [...panels.flatMap(linksOf), ...board.links].flatMap(({ url = "" }) => {
      return url.includes("tags=") ? [url.replaceAll(/\$\{[^}]+:percentencode\}/g, "some%20value")] : [];
    });

    const searches = urls.map((url) => Object.fromEntries(new URL(url).searchParams));

    expect(searches.filter(({ service, tags = "" }) => service !== "some value" || !isTagObject(tags))).toEqual([]);
  });

  it("takes the values in a table's links from columns that the table has", () => {
    const missing = panels.flatMap((panel) => {
      const fields = linksOf(panel).flatMap(({ url }) => [...url.matchAll(/__data\.fields\.(\w+)/g)].map(([, f]) => f));
      const queries = (panel.targets ?? []).map(({ expr = "" }) => readExpression(expr.replaceAll(/\$\w+/g, "5m")));
      return fields.filter((field = "") => !queries.every(({ grouping }) => grouping.includes(field)));
    });

    expect(missing).toEqual([]);
  });

  it("marks deploys", () => {
    const marks = board.annotations.list.map(({ target }) => target.expr);

    expect(marks).toEqual([expect.stringContaining("spanbus_bus_info")]);
    expect(marks[0]).toContain("service_version");
  });

  it("never leaves out a service that names no environment", () => {
    const environment = board.templating.list.find(({ name }) => name === "environment");

    expect(environment).toMatchObject({ includeAll: true, allValue: ".*" });
  });
});

describe("someone on call", () => {
  const overview = byUid.get("spanbus-overview") as BoardJson;
  const handlers = panelsOf(overview).find(({ title }) => title.startsWith("Handlers")) as PanelJson;

  it("gets from the overview to a failing handler's trace in two clicks", () => {
    const handler = byUid.get("spanbus-handler") as BoardJson;
    const failed = panelsOf(handler).find(({ title }) => title === "Failed traces") as PanelJson;

    const firstClick = linksOf(handlers).filter(({ url }) => url.startsWith("/d/spanbus-handler?"));
    const secondClick = linksOf(failed);

    expect(variablesIn(firstClick[0]?.url ?? "")).toEqual(["datasource", "environment", "service", "event", "handler"]);
    expect(failed.targets).toEqual([
      expect.objectContaining({
        queryType: "search",
        service: `\${service:raw}`,
        tags: `messaging.destination.subscription.name=\${handler:doublequote} error=true`,
      }),
    ]);
    expect(secondClick.map(({ url }) => url)).toEqual([`http://localhost:16686/trace/\${__value.raw}`]);
  });

  it("sees the handlers with the most failures first", () => {
    expect(handlers).toMatchObject({ options: { sortBy: [{ displayName: "Failures", desc: true }] } });
  });

  it("gets from a firing alert to its runbook in one click", () => {
    const alerts = panelsOf(overview).filter(({ title, type }) => title === "Firing alerts" && type === "table");

    expect(alerts.flatMap(linksOf).map(({ url }) => url)).toEqual([
      `https://github.com/spanbus/spanbus/blob/main/dashboards/runbooks/\${__data.fields.alertname:percentencode}.md`,
    ]);
  });
});

function overlap({ gridPos: one }: PanelJson, { gridPos: other }: PanelJson): boolean {
  const beside = one.x + one.w <= other.x || other.x + other.w <= one.x;
  return !beside && one.y < other.y + other.h && other.y < one.y + one.h;
}

/** `var-a=…` and `${a:queryparam}`. */
function variablesIn(query: string): string[] {
  return [...query.matchAll(/var-(\w+)=|\$\{(\w+):queryparam\}/g)].map(([, given, kept]) => given ?? kept ?? "");
}

function isTagObject(text: string): boolean {
  const tags: unknown = JSON.parse(text);
  return typeof tags === "object" && tags !== null && Object.values(tags).every((value) => typeof value === "string");
}
