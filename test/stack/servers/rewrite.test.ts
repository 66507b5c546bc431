import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../support/root.ts";
import { alertmanagerFlags, alertmanagerRewrites } from "./alertmanager.ts";
import { jaegerRewrites } from "./jaeger.ts";
import { prometheusFlags, prometheusRewrites } from "./prometheus.ts";
import { type Rewrite, rewrite } from "./rewrite.ts";

const PORTS = { grpc: 1, http: 2, health: 3, query: 4, queryGrpc: 5, metrics: 6 };
const TARGETS = {
  self: "127.0.0.1:1",
  alertmanager: "127.0.0.1:2",
  jaegerMetrics: "127.0.0.1:3",
  grafana: "127.0.0.1:4",
};

const shipped = (file: string): Promise<string> => readFile(join(ROOT, "dashboards", file), "utf8");

/** The lines that a rewrite changes, adds or takes away, before and after. */
function changes(text: string, rules: readonly Rewrite[]): { readonly before: string[]; readonly after: string[] } {
  const lines = text.split("\n");
  const rewritten = rewrite(text, rules).split("\n");
  return {
    before: lines.filter((line) => !rewritten.includes(line)),
    after: rewritten.filter((line) => !lines.includes(line)),
  };
}

/** What may differ, made equal: ports, addresses, waits. */
const masked = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/"[\w.]+:\d+"/, "<address>").replace(/\d+(?=[sm]?"?$)/, "<number>"));

describe("what the proofs change in the shipped files", () => {
  it("is the ports in Jaeger's", async () => {
    const { before, after } = changes(await shipped("jaeger/config.yaml"), jaegerRewrites(PORTS));

    expect(before.length).toBe(5);
    expect(masked(after)).toEqual(masked(before));
  });

  it("is the addresses in Prometheus's", async () => {
    const { before, after } = changes(await shipped("prometheus/prometheus.yml"), prometheusRewrites(TARGETS));

    expect(before.length).toBe(5);
    expect(masked(after)).toEqual(masked(before));
  });

  it("is the waits, and whom to tell, in Alertmanager's", async () => {
    const { before, after } = changes(await shipped("alertmanager/alertmanager.yml"), alertmanagerRewrites("http://x"));
    const told = after.filter((line) => line.includes("webhook_configs"));
    const receivers = before.filter((line) => line.includes("name:"));
    const waits = (lines: readonly string[]) => lines.filter((line) => line.includes("group_"));

    expect([told.length, receivers.length]).toEqual([3, 2]);
    expect(waits(after)).toEqual(["  group_wait: 1s", "  group_interval: 1s", "      group_wait: 1s"]);
    expect(waits(before).map((line) => line.split(":")[0])).toEqual(waits(after).map((line) => line.split(":")[0]));
  });

  it("is the paths and addresses in the flags of the compose file", () => {
    const prometheus = [
      "--config.file=/etc/prometheus/prometheus.yml",
      "--storage.tsdb.path=/prometheus",
      "--web.enable-otlp-receiver",
      "--web.external-url=http://localhost:9090/",
    ];
    const alertmanager = [
      "--config.file=/etc/alertmanager/alertmanager.yml",
      "--storage.path=/alertmanager",
      "--cluster.listen-address=",
      "--web.external-url=http://localhost:9093/",
    ];

    expect(prometheusFlags(prometheus, "/folder", "127.0.0.1:1")).toEqual([
      "--config.file=/folder/prometheus.yml",
      "--storage.tsdb.path=/folder/tsdb",
      "--web.enable-otlp-receiver",
      "--web.external-url=http://127.0.0.1:1/",
      "--web.listen-address=127.0.0.1:1",
    ]);
    expect(alertmanagerFlags(alertmanager, "/folder", "127.0.0.1:1")).toEqual([
      "--config.file=/folder/alertmanager.yml",
      "--storage.path=/folder/alertmanager",
      "--cluster.listen-address=",
      "--web.external-url=http://127.0.0.1:1/",
      "--web.listen-address=127.0.0.1:1",
    ]);
  });

  it("is nothing, with an error, when a rule no longer fits its file", () => {
    const rules: readonly Rewrite[] = [{ why: "address", from: "port: 1", to: "port: 2" }];

    expect(() => rewrite("port: 7", rules)).toThrow('the shipped file does not say "port: 1"');
  });
});
