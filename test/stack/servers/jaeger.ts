import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../support/root.ts";
import { freePorts } from "./free-ports.ts";
import { type Rewrite, rewrite } from "./rewrite.ts";
import { type Server, startServer } from "./server.ts";
import { healthPath, requireTool, type ShippedService } from "./shipped.ts";

const PORTS = ["grpc", "http", "health", "query", "queryGrpc", "metrics"] as const;
export type JaegerPorts = Readonly<Record<(typeof PORTS)[number], number>>;

export interface JaegerOptions {
  readonly service: ShippedService;
  readonly folder: string;
  readonly prometheusUrl: string;
  /** @default free ones */
  readonly ports?: JaegerPorts;
}

/** Jaeger with the shipped configuration. */
export interface RunningJaeger extends Server {
  /** Where applications send their telemetry. */
  readonly otlpUrl: string;
  /** Where traces are searched for. */
  readonly url: string;
}

export function jaegerPorts(): Promise<JaegerPorts> {
  return freePorts(PORTS);
}

/** The configuration knows from the environment where to listen, to store, and to send: only the ports are fixed in it. */
export function jaegerRewrites(ports: JaegerPorts): readonly Rewrite[] {
  const hosts = `\${env:JAEGER_LISTEN_HOST:-localhost}`;
  return [
    { why: "address", from: `${hosts}:4317"`, to: `${hosts}:${ports.grpc}"` },
    { why: "address", from: `${hosts}:4318"`, to: `${hosts}:${ports.http}"` },
    { why: "address", from: `${hosts}:13133"`, to: `${hosts}:${ports.health}"` },
    { why: "address", from: `${hosts}:16686"`, to: `${hosts}:${ports.query}"` },
    { why: "address", from: "port: 8888", to: `port: ${ports.metrics}` },
  ];
}

/** Starts Jaeger as the compose file does. */
export async function startJaeger({
  service,
  folder,
  prometheusUrl,
  ...options
}: JaegerOptions): Promise<RunningJaeger> {
  const ports = options.ports ?? (await jaegerPorts());
  const shipped = await readFile(join(ROOT, "dashboards/jaeger/config.yaml"), "utf8");
  const config = join(folder, "jaeger.yaml");
  const data = join(folder, "badger");
  await mkdir(data, { recursive: true });
  await writeFile(config, rewrite(shipped, jaegerRewrites(ports)));
  const server = await startServer({
    name: "jaeger",
    program: requireTool("jaeger"),
    // The port of a search by gRPC is nowhere in the configuration, and two Jaegers cannot share it.
    args: ["--config", config, "--set", `extensions.jaeger_query.grpc.endpoint=127.0.0.1:${ports.queryGrpc}`],
    env: {
      ...service.environment,
      JAEGER_LISTEN_HOST: "127.0.0.1",
      JAEGER_DATA_DIR: data,
      JAEGER_UI_CONFIG: join(ROOT, "dashboards/jaeger/ui.json"),
      PROMETHEUS_URL: prometheusUrl,
      // It traces its own searches and sends them to itself, at the port that its container has.
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports.grpc}`,
    },
    readyUrl: `http://127.0.0.1:${ports.health}${healthPath(service)}`,
    logFile: join(folder, "jaeger.log"),
  });
  return { ...server, otlpUrl: `http://127.0.0.1:${ports.http}`, url: `http://127.0.0.1:${ports.query}` };
}
