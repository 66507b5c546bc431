import { defineEvents, EventBus } from "spanbus";
import { every, type Fault } from "./fault.ts";
import { startHoldingCollector } from "./holding-collector.ts";

/** Bursts of 100 events, of which a queue of 128 spans can hold but a part. */
export const droppedSpans: Fault = {
  name: "dropped-spans",
  story: "spans that are dropped are told of",
  alerts: ["SpanbusSpansDropped"],
  telemetry: () => ({ sampleRatio: 1, queueSize: 128, batchSize: 64 }),
  prepare: () => {
    const bus = new EventBus({ source: "dropped-spans" });
    bus.subscribe("order.placed", () => undefined, { name: "billing" });
    const publish = (times: number) => {
      for (let i = 0; i < times; i++) void bus.publish("order.placed");
    };
    return { buses: [bus], well: () => publish(1), broken: every(20, () => publish(100)) };
  },
};

let holding: Awaited<ReturnType<typeof startHoldingCollector>> | undefined;

/** The collector takes spans, and does not answer: 7,000 of them wait in a queue for 8,192. */
export const fullSpanQueue: Fault = {
  name: "full-span-queue",
  story: "a queue of spans that is nearly full is told of",
  alerts: ["SpanbusSpanQueueNearlyFull"],
  telemetry: async () => {
    holding = await startHoldingCollector(process.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? "");
    process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT = `${holding.url}/v1/traces`;
    return { sampleRatio: 1, exportTimeoutMs: 600_000 };
  },
  prepare: () => {
    const bus = new EventBus({ source: "full-span-queue" });
    bus.subscribe("order.placed", () => undefined, { name: "billing" });
    let left = 3_500;
    return {
      buses: [bus],
      well: () => bus.publish("order.placed"),
      broken: () => {
        holding?.hold();
        for (let i = 0; i < 250 && left > 0; i++, left--) void bus.publish("order.placed");
      },
      mend: () => holding?.release(),
    };
  },
};

/** An attribute of the catalog's own is read by code that throws. */
export const guardTrips: Fault = {
  name: "guard-trips",
  story: "code around the bus that throws is told of",
  alerts: ["SpanbusGuardTrips"],
  telemetry: () => ({ sampleRatio: 1 }), // attributes are read for sampled spans
  prepare: () => {
    const events = defineEvents({
      "order.placed": {
        attributes: {
          "order.id": (data: unknown) => {
            if (data === "broken") throw new TypeError("there is no id in it");
            return "o-1";
          },
        },
      },
    });
    const bus = new EventBus({ source: "guard-trips", events });
    bus.subscribe("order.placed", () => undefined, { name: "billing" });
    const beat = (data: string) => every(4, () => bus.publish("order.placed", data));
    return { buses: [bus as unknown as EventBus], well: beat("well"), broken: beat("broken") };
  },
};

/** Works as it should; the proof kills its process, and starts it again. */
export const killedService: Fault = {
  name: "killed-service",
  story: "a service that is gone without a word is told of",
  alerts: ["SpanbusServiceGone"],
  prepare: () => {
    const bus = new EventBus({ source: "killed-service" });
    bus.subscribe("order.placed", () => undefined, { name: "billing" });
    const well = () => bus.publish("order.placed");
    return { buses: [bus], well, broken: () => process.kill(process.pid, "SIGKILL") };
  },
};
