import { access } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { GENERIC_MODEL } from "../../../dashboards/generator/model.ts";
import { ruleGroups } from "../../../dashboards/generator/rules/rule-files.ts";
import { ROOT } from "../../support/root.ts";
import { FAULTS } from "../faults/faults.ts";
import { type AlertRun, isBudget, runAlerts } from "./alert-run.ts";
import { isEmitted } from "./emitted.ts";

const TIMEOUT_MS = 20 * 60_000;

/** Alerts about the stack itself, which no service can cause. */
const OF_NOBODY = ["SpanbusNoTelemetry", "SpanbusWatchdog"];

describe("alerts, with a minute of theirs shortened to a second", () => {
  let run: AlertRun;

  beforeAll(async () => {
    run = await runAlerts();
  }, TIMEOUT_MS);

  it("are each the first of one fault", () => {
    const alerts = ruleGroups(GENERIC_MODEL).flatMap(({ rules }) =>
      rules.flatMap((rule) => ("alert" in rule && isEmitted(rule.expr) ? [rule.alert] : [])),
    );
    const proven = [...OF_NOBODY, ...FAULTS.map((fault) => fault.alerts[0])];

    expect([...new Set(alerts)].sort()).toEqual(proven.sort());
  });

  it("come from rules that all evaluate", () => {
    expect(run.brokenRules).toEqual([]);
  });

  it("come and go in time", () => {
    expect(run.missed).toEqual([]);
  });

  it("tell that nobody reports, as long as nobody does, and nothing else", () => {
    expect(run.firedOfNobody.map(({ name }) => name)).toEqual(["SpanbusNoTelemetry"]);
  });

  it("stay silent while all is well", () => {
    expect(run.firedWhileWell).toEqual([]);
  });

  it.each(FAULTS)("$story: $alerts", ({ name, alerts }) => {
    const told = run.told.filter(({ labels }) => labels.service_name === name);
    const fired = new Set(run.fired.filter(({ service }) => service === name).map((each) => each.name));

    expect([...fired].sort()).toEqual([...alerts].sort());
    expect(new Set(told.map(({ labels }) => labels.alertname))).toEqual(fired);
    for (const alert of alerts) {
      const statuses = told.filter(({ labels }) => labels.alertname === alert).map(({ status }) => status);
      expect(statuses).toContain("firing");
      expect(statuses.at(-1)).toBe("resolved");
    }
  });

  it.each(FAULTS.filter(({ alerts }) => isBudget(alerts[0])))("$alerts fires over each of its windows", (fault) => {
    const own = run.fired.filter(({ service, name }) => service === fault.name && name === fault.alerts[0]);
    const windows = own.map(({ window }) => window);

    expect([...windows].sort()).toEqual(["1d", "1h", "3d", "6h"]);
  });

  it("are of services that have a fault, and end with it", () => {
    const faulty = new Set(FAULTS.map(({ name }) => name));

    expect(run.fired.filter(({ service }) => service === undefined || !faulty.has(service))).toEqual([]);
    expect(run.firingAtTheEnd.map(({ name }) => name)).toEqual(["SpanbusWatchdog"]);
  });

  it("reach the receiver of their severity", () => {
    const receivers = new Set(run.told.map(({ receiver, labels }) => `${labels.severity} by ${receiver}`));

    expect([...receivers].sort()).toEqual(["info by nobody", "page by page", "ticket by ticket"]);
    expect(run.told.find(({ labels }) => labels.alertname === "SpanbusWatchdog")?.receiver).toBe("nobody");
  });

  it("name a runbook that is there", async () => {
    const runbooks = new Set(run.told.map(({ annotations }) => annotations.runbook_url ?? "none"));

    const missing = await Promise.all([...runbooks].map(async (url) => ((await isThere(url)) ? [] : [url])));

    expect(missing.flat()).toEqual([]);
  });
});

function isThere(runbookUrl: string): Promise<boolean> {
  const file = join(ROOT, runbookUrl.replace(/^.*\/blob\/main\//, ""));
  return access(file).then(
    () => true,
    () => false,
  );
}
