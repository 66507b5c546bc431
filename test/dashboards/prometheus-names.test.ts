import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  LABELS,
  prometheusName,
  RESOURCE_ATTRIBUTES,
  SERIES,
  storedNames,
} from "../../dashboards/generator/prometheus-names.ts";
import { ROOT } from "../support/root.ts";

describe("the name Prometheus gives a metric", () => {
  it.each([
    ["messaging.process.duration", "histogram", "s", "messaging_process_duration_seconds"],
    ["messaging.client.sent.messages", "counter", "{message}", "messaging_client_sent_messages_total"],
    ["spanbus.delivery.in_flight", "upDownCounter", "{delivery}", "spanbus_delivery_in_flight"],
    ["spanbus.handler.last_success.time", "gauge", "s", "spanbus_handler_last_success_time_seconds"],
  ] as const)("%s, a %s in %s, is %s", (name, kind, unit, expected) => {
    expect(prometheusName({ name, kind, unit })).toBe(expected);
  });

  it("tells the parts of a histogram apart", () => {
    const parts = storedNames().filter((name) => name.startsWith(SERIES.waitDuration));

    expect(parts.map((name) => name.slice(SERIES.waitDuration.length))).toEqual(["_bucket", "_count", "_sum"]);
  });
});

describe("the labels of resource attributes", () => {
  it("are those that the shipped configuration promotes", () => {
    const configuration = readFileSync(join(ROOT, "dashboards/prometheus/prometheus.yml"), "utf8");

    const promoted = [...configuration.matchAll(/^ {4}- ([\w.]+)$/gm)].map(([, attribute]) => attribute);

    expect(promoted).toEqual(Object.values(RESOURCE_ATTRIBUTES));
    expect(LABELS.environment).toBe("deployment_environment_name");
  });
});
