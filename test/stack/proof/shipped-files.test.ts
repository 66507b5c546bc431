import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { ComposeFile, ComposeService } from "../../dashboards/compose-file.ts";
import { COMPOSE_RULES, SETTING_RULES } from "../../dashboards/compose-rules.ts";
import { makeTemporaryFolder } from "../../support/child.ts";
import { ROOT } from "../../support/root.ts";
import { requireTool } from "../servers/shipped.ts";

const run = async (tool: Parameters<typeof requireTool>[0], args: readonly string[], env = {}): Promise<string> => {
  const { PATH = "", HOME = "" } = process.env;
  const { stdout } = await promisify(execFile)(requireTool(tool), args, { cwd: ROOT, env: { PATH, HOME, ...env } });
  return stdout;
};

const readCompose = async (env: Readonly<Record<string, string>> = {}): Promise<ComposeFile> =>
  JSON.parse(await run("docker-compose", ["-f", "docker-compose.otel.yml", "config", "--format", "json"], env));

describe("docker compose config", () => {
  it("takes the file, and finds every rule of hardening kept in every service", async () => {
    const compose = await readCompose();

    const breaches = Object.entries(compose.services).flatMap(([name, service]) =>
      Object.values(COMPOSE_RULES).flatMap((rule) => rule(service, compose).map((breach) => `${name}: ${breach}`)),
    );
    const settings = Object.values(SETTING_RULES).flatMap((rule) => rule(compose));

    expect(Object.keys(compose.services)).toHaveLength(5);
    expect([...breaches, ...settings]).toEqual([]);
  });

  it("finds what an override loosens", async () => {
    const override = `services: { grafana: { ports: !override ["3000:3000"], read_only: false } }\n`;
    await using folder = await makeTemporaryFolder();
    const file = join(folder.path, "override.yml");
    await writeFile(file, override);

    const args = ["-f", "docker-compose.otel.yml", "-f", file, "config", "--format", "json"];
    const compose = JSON.parse(await run("docker-compose", args)) as ComposeFile;
    const grafana = compose.services.grafana as ComposeService;
    const breaches = Object.values(COMPOSE_RULES).flatMap((rule) => rule(grafana, compose));

    expect(breaches).toEqual(["port 3000 is open to others", "the root can be written to"]);
  });

  it("takes other ports and versions from the environment, and stays on the loopback interface", async () => {
    const { services } = await readCompose({ GRAFANA_PORT: "3999", JAEGER_TAG: "2.19.0", JAEGER_SAMPLE_PERCENT: "5" });

    expect(services.grafana?.ports).toMatchObject([{ host_ip: "127.0.0.1", published: "3999", target: 3000 }]);
    expect(services.jaeger?.image).toBe("jaegertracing/jaeger:2.19.0");
    expect(services["jaeger-volume"]?.image).toBe("jaegertracing/jaeger:2.19.0");
    expect(services.jaeger?.environment).toMatchObject({ JAEGER_SAMPLE_PERCENT: "5" });
  });
});

describe("the shipped configuration files", () => {
  it("are right by jaeger's own judgement", async () => {
    const env = { JAEGER_UI_CONFIG: join(ROOT, "dashboards/jaeger/ui.json") };

    await expect(run("jaeger", ["validate", "--config", "dashboards/jaeger/config.yaml"], env)).resolves.toBe("");
  });

  it("are right by promtool's, rules included", async () => {
    const answer = await run("promtool", ["check", "config", "dashboards/prometheus/prometheus.yml"]);

    expect(answer).toContain("dashboards/prometheus/prometheus.yml is valid prometheus config file");
    expect(answer).toMatch(/SUCCESS: \d+ rules found/);
  });

  it("are right by amtool's, as shipped and with the receiver that the comment shows", async () => {
    const file = "dashboards/alertmanager/alertmanager.yml";
    const shipped = await readFile(join(ROOT, file), "utf8");
    const example = shipped.match(/^# {5}webhook_configs:\n# {7}- url: .*\n# {9}send_resolved: true$/m)?.[0];
    const shown = example?.replaceAll(/^# ?/gm, "") ?? "there is no example";
    await using folder = await makeTemporaryFolder();
    const told = join(folder.path, "alertmanager.yml");
    await writeFile(
      told,
      shipped.replace(/^ {2}- name: page .*$/m, (line) => `${line}\n${shown}`),
    );

    const answers = [await run("amtool", ["check-config", file]), await run("amtool", ["check-config", told])];

    expect(answers.map((answer) => /SUCCESS/.test(answer))).toEqual([true, true]);
    expect(await readFile(told, "utf8")).toContain("\n    webhook_configs:\n");
  });

  it.each([
    ["page", ["severity=page", "alertname=SpanbusConsumerStalled"]],
    ["ticket", ["severity=ticket", "alertname=SpanbusDeadLetters"]],
    ["ticket", ["alertname=SomeoneElses"]],
    ["nobody", ["severity=info", "alertname=SpanbusWatchdog"]],
  ])("send to %s what has %j", async (receiver, labels) => {
    const config = "--config.file=dashboards/alertmanager/alertmanager.yml";

    const answer = await run("amtool", ["config", "routes", "test", config, ...labels]);

    expect(answer.trim()).toBe(receiver);
  });
});
