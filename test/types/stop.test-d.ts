import type { NodeSDK } from "@opentelemetry/sdk-node";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { TelemetryReport as InstrumentationReport, Telemetry } from "../../instrumentation/index.ts";
import {
  defineEvents,
  EventBus,
  type StopOnSignalsOptions,
  type StoppableBus,
  type StoppableTelemetry,
  type StopReport,
  stopGracefully,
  type TelemetryReport,
} from "../../src/index.ts";

describe("the options of a stop", () => {
  it("take a bus of any catalog", () => {
    const events = defineEvents({ "order.placed": { schema: z.object({ orderId: z.string() }) } });
    const typed = new EventBus({ events });

    expectTypeOf(typed).toExtend<StoppableBus>();
    expectTypeOf<EventBus>().toExtend<StoppableBus>();
    expectTypeOf(stopGracefully({ buses: [typed, new EventBus()] })).resolves.toEqualTypeOf<StopReport>();
  });

  it("take the telemetry of spanbus and that of the SDK", () => {
    expectTypeOf<Telemetry>().toExtend<StoppableTelemetry>();
    expectTypeOf<NodeSDK>().toExtend<StoppableTelemetry>();
    expectTypeOf<InstrumentationReport>().toEqualTypeOf<TelemetryReport>();
  });

  it("take signals by name, those that can be handled", () => {
    expectTypeOf<"SIGHUP">().toExtend<NonNullable<StopOnSignalsOptions["signals"]>[number]>();
    expectTypeOf<"SIGKILL">().not.toExtend<NonNullable<StopOnSignalsOptions["signals"]>[number]>();
  });
});
