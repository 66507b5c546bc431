import { setTimeout as sleep } from "node:timers/promises";
import { modelOfCatalog, type StackModel } from "../../../dashboards/generator/model.ts";
import { ruleFiles } from "../../../dashboards/generator/rules/rule-files.ts";
import { PrometheusApi } from "../clients/prometheus-api.ts";
import { BACKLOG_EVENT } from "../faults/backlog.ts";
import { HOPELESS_EVENT } from "../faults/dead-letters.ts";
import { FAULTS } from "../faults/faults.ts";
import { QUEUED_EVENT } from "../faults/full-queue.ts";
import type { FaultCommand } from "../programs/run-fault.ts";
import type { ToldAlert } from "../servers/alert-inbox.ts";
import { ChildService } from "../servers/child-service.ts";
import { type Stack, startStack } from "../servers/stack.ts";
import { until } from "./until.ts";

/**
 * The generator's own option: minutes become seconds. The alerts about telemetry itself get three seconds for a minute,
 * or they would tell, rightly, of every moment at which the machine is busy.
 */
const TIME_SCALE = 1 / 60;
const TELEMETRY_TIME_SCALE = 1 / 20;

/** An alert that fired, by its labels `alertname`, `service_name` and the `window` of a budget. */
interface FiredAlert {
  readonly name: string;
  readonly service: string | undefined;
  readonly window: string | undefined;
}

/** What happened while all faults came and went. */
export interface AlertRun {
  /** Before any service reported. */
  readonly firedOfNobody: readonly FiredAlert[];
  /** Since every service reports, until the faults came. */
  readonly firedWhileWell: readonly FiredAlert[];
  /** From the faults to the end. */
  readonly fired: readonly FiredAlert[];
  /** What fires at the end, with all faults gone. */
  readonly firingAtTheEnd: readonly FiredAlert[];
  /** All that the webhook behind Alertmanager was told. */
  readonly told: readonly ToldAlert[];
  readonly brokenRules: readonly string[];
  /** What did not come about in time. */
  readonly missed: readonly string[];
}

/** Three events promise less than the default, so that their faults do not spend a budget too. */
const MODEL: StackModel = modelOfCatalog({
  [BACKLOG_EVENT]: { slo: { latency: { withinMs: 250, ratio: 0.01 } } },
  [QUEUED_EVENT]: { slo: { latency: { withinMs: 10_000, ratio: 0.5 } } },
  [HOPELESS_EVENT]: { slo: { success: 0.01 } },
});

const WELL_MS = 12_000;
/** A page of a budget comes within its second window's wait, 15 s here, after its first window has filled. */
const FIRES_WITHIN_MS = 90_000;
/** The slowest, the 3-day ticket: it waits for 3 minutes here, and its shorter window forgets after 6. */
const RESOLVES_WITHIN_MS = 480_000;
const BUDGET_WINDOWS = ["1h", "6h", "1d", "3d"];

/** Starts the stack with fast rules and one service for each fault; breaks all, waits for alerts, mends all, waits again. */
export async function runAlerts(): Promise<AlertRun> {
  await using stack = await startStack({
    rules: fastRules(),
    rewrites: [{ why: "faster", from: "evaluation_interval: 15s", to: "evaluation_interval: 1s" }],
  });
  const prometheus = new PrometheusApi(stack.prometheus.url);
  const missed: string[] = [];
  const expect = async (what: string, withinMs: number, question: () => boolean | Promise<boolean>) => {
    if (!(await until(question, { withinMs }))) missed.push(what);
  };

  await expect("NoTelemetry is told of", 120_000, () => isTold(stack, "SpanbusNoTelemetry", undefined));
  const firedOfNobody = await firedSince(prometheus, 0);
  await using services = new AsyncDisposableStack();
  const start = (name: string): ChildService =>
    services.use(new ChildService({ program: "run-fault.ts", args: [name], otlpUrl: stack.jaeger.otlpUrl }));
  const running = new Map(FAULTS.map(({ name }) => [name, start(name)]));
  const tell = (command: FaultCommand): void => {
    for (const service of running.values()) service.send(command);
  };
  await expect("every service reports", 60_000, async () => {
    const reporting = await prometheus.query("count by (service_name) (spanbus_bus_info)");
    return FAULTS.every(({ name }) => reporting.some(({ metric }) => metric.service_name === name));
  });
  await expect("NoTelemetry is over", 120_000, () => isOver(stack, "SpanbusNoTelemetry", undefined));
  const wellSince = Date.now();
  await sleep(WELL_MS);
  const firedWhileWell = await firedSince(prometheus, wellSince);

  const brokenSince = Date.now();
  tell("break");
  await expect("every fault is told of", FIRES_WITHIN_MS, () =>
    FAULTS.every(({ name, alerts }) => alerts.every((alert) => isTold(stack, alert, name))),
  );
  await expect("both pages of each budget fired", FIRES_WITHIN_MS, async () => {
    const fired = await firedSince(prometheus, brokenSince);
    return FAULTS.filter(({ alerts }) => isBudget(alerts[0])).every(({ name }) =>
      ["1h", "6h"].every((window) => fired.some((each) => each.service === name && each.window === window)),
    );
  });
  for (const { name } of FAULTS) if (running.get(name)?.isRunning === false) running.set(name, start(name));
  tell("mend");
  await expect("tickets of each budget fired", RESOLVES_WITHIN_MS, async () => {
    const fired = await firedSince(prometheus, brokenSince);
    return FAULTS.filter(({ alerts }) => isBudget(alerts[0])).every(({ name }) =>
      BUDGET_WINDOWS.every((window) => fired.some((each) => each.service === name && each.window === window)),
    );
  });
  await expect("every alert is over", RESOLVES_WITHIN_MS, async () => {
    const firing = await firingAlerts(prometheus);
    return firing.length === 1 && FAULTS.every(({ name, alerts }) => alerts.every((each) => isOver(stack, each, name)));
  });
  return {
    firedOfNobody,
    firedWhileWell,
    fired: await firedSince(prometheus, brokenSince),
    firingAtTheEnd: await firingAlerts(prometheus),
    told: [...stack.inbox.alerts],
    brokenRules: await prometheus.brokenRules(),
    missed,
  };
}

/** Rule files by name. */
function fastRules(): Readonly<Record<string, string>> {
  const files = ruleFiles(MODEL, { timeScale: TIME_SCALE });
  const telemetry = ruleFiles(MODEL, { timeScale: TELEMETRY_TIME_SCALE }).filter(
    ({ name }) => name === "telemetry.yml",
  );
  return Object.fromEntries([...files, ...telemetry].map(({ name, text }) => [name, text]));
}

/** Whether an alert's budget has several windows. */
export function isBudget(alert: string): boolean {
  return alert.endsWith("BudgetBurn");
}

/** Every alert that fired since then, the watchdog left out. */
async function firedSince(prometheus: PrometheusApi, since: number): Promise<readonly FiredAlert[]> {
  const seconds = Math.max(1, Math.floor((Date.now() - since) / 1_000));
  const history = `count_over_time(ALERTS{alertstate="firing", alertname!="SpanbusWatchdog"}[${Math.min(seconds, 3_600)}s])`;
  const series = await prometheus.query(`count by (alertname, service_name, window) (${history})`);
  return series.map(({ metric }) => readAlert(metric));
}

/** What fires now, the watchdog included. */
async function firingAlerts(prometheus: PrometheusApi): Promise<readonly FiredAlert[]> {
  const alerts = await prometheus.alerts();
  return alerts.filter(({ state }) => state === "firing").map(({ labels }) => readAlert(labels));
}

function readAlert({ alertname = "", service_name, window }: Readonly<Record<string, string>>): FiredAlert {
  return { name: alertname, service: service_name, window };
}

function toldOf(stack: Stack, alert: string, service: string | undefined): readonly ToldAlert[] {
  return stack.inbox.alerts.filter(({ labels }) => labels.alertname === alert && labels.service_name === service);
}

function isTold(stack: Stack, alert: string, service: string | undefined): boolean {
  return toldOf(stack, alert, service).some(({ status }) => status === "firing");
}

/** What was told last of each alert is that it is resolved. */
function isOver(stack: Stack, alert: string, service: string | undefined): boolean {
  const last = new Map(toldOf(stack, alert, service).map((told) => [JSON.stringify(told.labels), told.status]));
  return last.size > 0 && [...last.values()].every((status) => status === "resolved");
}
