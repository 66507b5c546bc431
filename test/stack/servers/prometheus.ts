import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../support/root.ts";
import { type Rewrite, rewrite } from "./rewrite.ts";
import { type Server, startServer } from "./server.ts";
import { healthPath, requireTool, type ShippedService } from "./shipped.ts";

/** Where the other servers are: `127.0.0.1:1234`. */
export interface PrometheusTargets {
  readonly self: string;
  readonly alertmanager: string;
  readonly jaegerMetrics: string;
  /** Grafana does not run here: its scrape fails, and is the only one that does. */
  readonly grafana: string;
}

export interface PrometheusOptions {
  readonly service: ShippedService;
  readonly folder: string;
  readonly targets: PrometheusTargets;
  /** Rule files by name, in place of the shipped ones; with them comes a faster pace. */
  readonly rules?: Readonly<Record<string, string>>;
  /** Flags on top of those of the compose file. */
  readonly flags?: readonly string[];
  readonly rewrites?: readonly Rewrite[];
}

/** Prometheus with the shipped configuration. */
export interface RunningPrometheus extends Server {
  readonly url: string;
}

/** The hosts of the compose network become ports of this machine. */
export function prometheusRewrites({
  self,
  alertmanager,
  jaegerMetrics,
  grafana,
}: PrometheusTargets): readonly Rewrite[] {
  return [
    { why: "address", from: '"localhost:9090"', to: `"${self}"` },
    { why: "address", from: '"alertmanager:9093"', to: `"${alertmanager}"` },
    { why: "address", from: '"jaeger:8888"', to: `"${jaegerMetrics}"` },
    { why: "address", from: '"grafana:3000"', to: `"${grafana}"` },
  ];
}

/** The flags of the compose file with the container's paths and addresses replaced. */
export function prometheusFlags(command: readonly string[], folder: string, address: string): readonly string[] {
  const rewritten = rewrite(command.join("\n"), [
    { why: "path", from: "/etc/prometheus/prometheus.yml", to: join(folder, "prometheus.yml") },
    { why: "path", from: "storage.tsdb.path=/prometheus", to: `storage.tsdb.path=${join(folder, "tsdb")}` },
    { why: "address", from: "http://localhost:9090/", to: `http://${address}/` },
  ]);
  return [...rewritten.split("\n"), `--web.listen-address=${address}`];
}

/** Starts Prometheus as the compose file does. */
export async function startPrometheus(options: PrometheusOptions): Promise<RunningPrometheus> {
  const { service, folder, targets, rules, flags = [], rewrites = [] } = options;
  const shipped = await readFile(join(ROOT, "dashboards/prometheus/prometheus.yml"), "utf8");
  await mkdir(join(folder, "rules"), { recursive: true });
  await writeFile(join(folder, "prometheus.yml"), rewrite(shipped, [...prometheusRewrites(targets), ...rewrites]));
  if (rules === undefined)
    await cp(join(ROOT, "dashboards/prometheus/rules"), join(folder, "rules"), { recursive: true });
  for (const [name, text] of Object.entries(rules ?? {})) await writeFile(join(folder, "rules", name), text);
  const url = `http://${targets.self}`;
  const server = await startServer({
    name: "prometheus",
    program: requireTool("prometheus"),
    args: [...prometheusFlags(service.command ?? [], folder, targets.self), ...flags],
    readyUrl: `${url}${healthPath(service)}`,
    logFile: join(folder, "prometheus.log"),
  });
  return { ...server, url };
}
