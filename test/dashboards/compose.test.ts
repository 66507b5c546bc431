import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ComposeFile, type ComposeService, composeText, isOneShot, readComposeFile } from "./compose-file.ts";
import { COMPOSE_RULES, SETTING_RULES } from "./compose-rules.ts";

const compose = readComposeFile();
const services = Object.entries(compose.services);

describe("docker-compose.otel.yml", () => {
  it("starts Jaeger, Prometheus, Alertmanager and Grafana, and what gives Jaeger its volume", () => {
    expect(Object.keys(compose.services).sort()).toEqual([
      "alertmanager",
      "grafana",
      "jaeger",
      "jaeger-volume",
      "prometheus",
    ]);
    expect(services.filter(([, service]) => isOneShot(service)).map(([name]) => name)).toEqual(["jaeger-volume"]);
  });

  describe.each(Object.keys(COMPOSE_RULES))("each service %s", (rule) => {
    it.each(services)("%s", (_, service) => {
      const breaches = COMPOSE_RULES[rule]?.(service, compose);

      expect(breaches).toEqual([]);
    });
  });

  it.each(Object.keys(SETTING_RULES))("sees to it that %s", (rule) => {
    const breaches = SETTING_RULES[rule]?.(compose);

    expect(breaches).toEqual([]);
  });

  it("publishes the ports that the documentation names, each once", () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => `${name} ${port.published}`));

    expect(published.sort()).toEqual([
      "alertmanager 9093",
      "grafana 3000",
      "jaeger 16686",
      "jaeger 4317",
      "jaeger 4318",
      "prometheus 9090",
    ]);
  });

  it("lets every version and every port of this machine be chosen", () => {
    const text = composeText();
    const lines = text.split("\n");

    const fixed = lines.filter((line) => /^\s+image:|published:/.test(line) && !/\$\{[A-Z_]+:-[\w.]+\}/.test(line));

    expect(fixed).toEqual([]);
  });

  it("mounts folders that are there, and uses every volume it names", () => {
    const mounts = services.flatMap(([, { volumes = [] }]) => volumes);
    const folders = mounts.filter(({ type }) => type === "bind").map(({ source = "" }) => source);

    const missing = folders.filter((folder) => !existsSync(folder) || readdirSync(folder).length === 0);

    expect(missing).toEqual([]);
    expect(new Set(mounts.filter(({ type }) => type === "volume").map(({ source }) => source))).toEqual(
      new Set(Object.keys(compose.volumes ?? {})),
    );
  });
});

/** One way to break a rule, for any service that the rule is about. */
type Mutation = readonly [rule: string, name: string, break_: (service: ComposeService) => void];

const MUTATIONS: readonly Mutation[] = [
  ["is pinned to a version", "latest", (s) => set(s, { image: "grafana/grafana:latest" })],
  ["is pinned to a version", "no tag", (s) => set(s, { image: "grafana/grafana" })],
  ["is pinned to a version", "a tag that moves", (s) => set(s, { image: "grafana/grafana:13" })],
  ["is reachable from this machine only", "all interfaces", (s) => set(s, { ports: [{ target: 1 }] })],
  ["is reachable from this machine only", "0.0.0.0", (s) => set(s, { ports: [{ host_ip: "0.0.0.0", target: 1 }] })],
  ["is reachable from this machine only", "the host's network", (s) => set(s, { network_mode: "host" })],
  ["has a read-only root", "unsaid", (s) => unset(s, "read_only")],
  ["has a read-only root", "false", (s) => set(s, { read_only: false })],
  ["has no capabilities", "none dropped", (s) => unset(s, "cap_drop")],
  ["has no capabilities", "one dropped", (s) => set(s, { cap_drop: ["NET_RAW"] })],
  ["has no capabilities", "one added", (s) => set(s, { cap_add: ["SYS_ADMIN"] })],
  ["cannot gain privileges", "unsaid", (s) => unset(s, "security_opt")],
  ["cannot gain privileges", "privileged", (s) => set(s, { privileged: true })],
  ["cannot gain privileges", "the host's processes", (s) => set(s, { pid: "host" })],
  ["has limits of memory, processors and processes", "unsaid", (s) => unset(s, "deploy")],
  [
    "has limits of memory, processors and processes",
    "no memory",
    (s) => set(s, { deploy: { resources: { limits: { cpus: "1", pids: 1 } } } }),
  ],
  [
    "writes to volumes of this file, reads configuration of this repository",
    "Docker's socket",
    (s) => mount(s, { type: "bind", source: "/var/run/docker.sock", target: "/s", read_only: true, bind: {} }),
  ],
  [
    "writes to volumes of this file, reads configuration of this repository",
    "configuration that can be written to",
    (s) => mount(s, { type: "bind", source: "./dashboards/jaeger", target: "/etc/jaeger", bind: {} }),
  ],
  [
    "writes to volumes of this file, reads configuration of this repository",
    "a volume nobody named",
    (s) => mount(s, { type: "volume", source: "other", target: "/data" }),
  ],
  ["has scratch space that is bounded and runs nothing", "unbounded", (s) => set(s, { tmpfs: ["/tmp"] })],
  ["keeps its own log small", "unsaid", (s) => unset(s, "logging")],
  ["holds no password", "in the environment", (s) => set(s, { environment: { GF_SECURITY_ADMIN_PASSWORD: "admin" } })],
  ["holds no password", "in the command", (s) => set(s, { command: ["--auth.token=x"] })],
];

/** Those that a service that ends at once is free of. */
const LASTING_MUTATIONS: readonly Mutation[] = [
  ["runs as a user of its own", "root", (s) => set(s, { user: "0:0" })],
  ["runs as a user of its own", "the image's", (s) => unset(s, "user")],
  ["is watched, and started again", "no healthcheck", (s) => unset(s, "healthcheck")],
  ["is watched, and started again", "disabled", (s) => set(s, { healthcheck: { disable: true } })],
  ["is watched, and started again", "never restarted", (s) => unset(s, "restart")],
];

const CASES = services.flatMap(([service, { restart }]) =>
  [...MUTATIONS, ...(restart === "no" ? [] : LASTING_MUTATIONS)].map(
    ([rule, name, break_]) => ({ service, rule, name, break_ }) as const,
  ),
);

describe("the rules of the compose file", () => {
  it.each(CASES)('find that $service breaks "$rule": $name', ({ service, rule, break_ }) => {
    const broken = structuredClone(compose);
    break_(broken.services[service] as ComposeService);

    const breaches = COMPOSE_RULES[rule]?.(broken.services[service] as ComposeService, broken);

    expect(breaches).not.toEqual([]);
  });

  it.each([
    ["prometheus", "--web.enable-otlp-receiver"],
    ["prometheus", "--storage.tsdb.retention.size=5GB"],
    ["prometheus", "--storage.tsdb.retention.time=15d"],
    ["alertmanager", "--data.retention=120h"],
    ["alertmanager", "--cluster.listen-address="],
  ])("find that %s misses %s", (service, argument) => {
    const broken = structuredClone(compose);
    const { command } = broken.services[service] as ComposeService;
    set(broken.services[service] as ComposeService, { command: command?.filter((each) => each !== argument) ?? [] });

    expect(settingBreaches(broken)).toHaveLength(1);
  });

  it("find an administration interface that is on", () => {
    const broken = structuredClone(compose);
    broken.services.prometheus?.command?.push("--web.enable-admin-api");

    expect(settingBreaches(broken)).toEqual(["--web.enable-admin-api"]);
  });

  it.each(
    Object.keys(compose.services.grafana?.environment ?? {}).filter((name) => !/LOG|URL|PATH|FEEDBACK/.test(name)),
  )("find that Grafana is not told %s", (name) => {
    const broken = structuredClone(compose);
    delete broken.services.grafana?.environment?.[name];

    expect(settingBreaches(broken)).toEqual([`${name} is not set`]);
  });

  it("are each shown to fail", () => {
    const shown = new Set([...MUTATIONS, ...LASTING_MUTATIONS].map(([rule]) => rule));

    expect([...shown].sort()).toEqual(Object.keys(COMPOSE_RULES).sort());
  });
});

function settingBreaches(file: ComposeFile): string[] {
  return Object.values(SETTING_RULES).flatMap((rule) => rule(file));
}

function set(service: ComposeService, values: Partial<ComposeService>): void {
  Object.assign(service, values);
}

function unset(service: ComposeService, key: keyof ComposeService): void {
  delete service[key];
}

function mount(service: ComposeService, volume: NonNullable<ComposeService["volumes"]>[number]): void {
  service.volumes = [volume];
}
