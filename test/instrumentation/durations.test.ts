import { afterEach, describe, expect, it, vi } from "vitest";
import { startTelemetry } from "../../instrumentation/index.ts";
import { EventBus } from "../../src/index.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../support/otlp-receiver.ts";

const DURATIONS = [
  "messaging.client.operation.duration",
  "messaging.process.duration",
  "spanbus.delivery.duration",
  "spanbus.delivery.wait.duration",
];

async function publishThree(name: string): Promise<void> {
  await using bus = new EventBus({ source: "shop" });
  bus.subscribe(name, () => undefined, { name: "billing" });
  for (let i = 0; i < 3; i++) await bus.publish(name, {});
}

function countsOf(receiver: OtlpReceiver, destination: string): (number | undefined)[] {
  return DURATIONS.map((name) => receiver.counter(name, { "messaging.destination.name": destination }));
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("durations", () => {
  it("reach the collector once each, as cumulative histograms with the contract's boundaries", async () => {
    await using receiver = await startOtlpReceiver();
    const telemetry = startTelemetry({ endpoint: receiver.url });

    await publishThree("order.placed");
    await telemetry.flush();
    await publishThree("order.placed");
    await telemetry.shutdown();

    expect(countsOf(receiver, "order.placed")).toEqual([6, 6, 6, 6]);
    expect(receiver.metric("messaging.process.duration")).toMatchObject({
      kind: "histogram",
      unit: "s",
      temporality: "cumulative",
      scope: { name: "spanbus" },
      points: [{ bounds: expect.arrayContaining([0.00005, 0.005, 10]), count: 6, resource: expect.any(Object) }],
    });
  });

  it("are recorded by the SDK where delta temporality is asked for", async () => {
    vi.stubEnv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta");
    await using receiver = await startOtlpReceiver();
    const telemetry = startTelemetry({ endpoint: receiver.url });

    await publishThree("order.shipped");
    await telemetry.shutdown();

    expect(countsOf(receiver, "order.shipped")).toEqual([3, 3, 3, 3]);
    expect(receiver.metric("messaging.process.duration")).toMatchObject({ temporality: "delta" });
  });
});
