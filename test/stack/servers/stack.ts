import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryFolder } from "../../support/child.ts";
import { type AlertInbox, startAlertInbox } from "./alert-inbox.ts";
import { type RunningAlertmanager, startAlertmanager } from "./alertmanager.ts";
import { freePorts } from "./free-ports.ts";
import { jaegerPorts, type RunningJaeger, startJaeger } from "./jaeger.ts";
import { type PrometheusOptions, type RunningPrometheus, startPrometheus } from "./prometheus.ts";
import { shippedServices } from "./shipped.ts";

export type StackOptions = Pick<PrometheusOptions, "rules" | "flags" | "rewrites">;

/** The servers of docker-compose.otel.yml but Grafana, on free ports of this machine. */
export interface Stack extends AsyncDisposable {
  readonly jaeger: RunningJaeger;
  readonly prometheus: RunningPrometheus;
  readonly alertmanager: RunningAlertmanager;
  /** What Alertmanager told. */
  readonly inbox: AlertInbox;
}

/** Starts the stack with the shipped configuration. `STACK_FOLDER` names a folder to keep what it writes in. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const started = new AsyncDisposableStack();
  try {
    const folder = await folderFor(started);
    const services = await shippedServices();
    const service = (name: string) => services[name] ?? { image: "", command: null };
    const ports = await jaegerPorts();
    const own = await freePorts(["prometheus", "alertmanager", "grafana"]);
    const at = (port: number): string => `127.0.0.1:${port}`;
    for (const name of ["jaeger", "prometheus", "alertmanager"]) await mkdir(join(folder, name), { recursive: true });
    const inbox = started.use(await startAlertInbox());
    const alertmanager = started.use(
      await startAlertmanager({
        service: service("alertmanager"),
        folder: join(folder, "alertmanager"),
        address: at(own.alertmanager),
        webhookUrl: inbox.url,
      }),
    );
    const prometheus = started.use(
      await startPrometheus({
        ...options,
        service: service("prometheus"),
        folder: join(folder, "prometheus"),
        targets: {
          self: at(own.prometheus),
          alertmanager: at(own.alertmanager),
          jaegerMetrics: at(ports.metrics),
          grafana: at(own.grafana),
        },
      }),
    );
    const jaeger = started.use(
      await startJaeger({
        service: service("jaeger"),
        folder: join(folder, "jaeger"),
        prometheusUrl: prometheus.url,
        ports,
      }),
    );
    return { jaeger, prometheus, alertmanager, inbox, [Symbol.asyncDispose]: () => started.disposeAsync() };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

/** A new one for each stack: a server that finds another's data would go on from there. */
async function folderFor(started: AsyncDisposableStack): Promise<string> {
  const { STACK_FOLDER } = process.env;
  if (STACK_FOLDER === undefined || STACK_FOLDER === "") return started.use(await makeTemporaryFolder()).path;
  await mkdir(STACK_FOLDER, { recursive: true });
  return await mkdtemp(join(STACK_FOLDER, "stack-"));
}
