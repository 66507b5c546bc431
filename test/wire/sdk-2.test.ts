import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OtlpReceiver, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { runShop } from "./run-shop.ts";
import { makeSdk2Application, type Sdk2Application } from "./sdk-2-application.ts";

const INSTALL_TIMEOUT_MS = 60_000;

let application: Sdk2Application;
let receiver: OtlpReceiver;

beforeAll(async () => {
  [application, receiver] = await Promise.all([makeSdk2Application(), startOtlpReceiver()]);
}, INSTALL_TIMEOUT_MS);
afterAll(() => Promise.all([application[Symbol.asyncDispose](), receiver.close()]));

// What SDK 2 sends is compared with SDK 3 in wire.test.ts.
describe("an application on SDK 2 and API 1.9", () => {
  it("is one", async () => {
    const program = await application.run(
      `import * as api from "@opentelemetry/api";
       import trace from "@opentelemetry/sdk-trace-node/package.json" with { type: "json" };
       console.log(trace.version, "logs" in api);`,
    );

    expect(program).toMatchObject({ exitCode: 0, stdout: "2.12.0 false\n", stderr: "" });
  });

  it.each([["logs"], ["logs/dup"]])("works where %s are asked for, which its API does not have", async (optIn) => {
    receiver.clear();
    const env = { OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN: optIn };

    const { program } = await runShop(receiver, { sdk: "before", own: "SDK 2" }, { env, application });

    const exceptions = receiver.spans().flatMap((span) => span.events.map(({ name }) => name));
    expect(program.stderr).toBe("");
    expect(receiver.spans()).toHaveLength(25);
    expect(receiver.counter("messaging.client.sent.messages")).toBe(9);
    expect(receiver.counter("spanbus.telemetry.guard_trips")).toBeUndefined();
    expect(receiver.logs()).toEqual([]);
    if (optIn === "logs/dup") expect(exceptions).toEqual(Array(7).fill("exception"));
  });

  it("is told by startTelemetry what to install, and has a bus that works", async () => {
    const program = await application.run(
      `import { EventBus } from "spanbus";
       import { startTelemetry } from "spanbus/instrumentation";
       const bus = new EventBus({ source: "shop" });
       bus.subscribe("order.placed", () => undefined, { name: "billing" });
       try { startTelemetry(); } catch (error) { console.log(error.code, error.message); }
       await bus.publish("order.placed");
       console.log(bus.stats().handled);`,
    );

    const [refusal, handled] = program.stdout.trim().split("\n");
    expect(program).toMatchObject({ exitCode: 0, stderr: "" });
    expect(refusal).toContain("TELEMETRY_PACKAGES_MISSING cannot start telemetry: ");
    expect(refusal).toContain("@opentelemetry/api is 1.9.0 where 1.10 or later is needed; ");
    expect(refusal).toContain("@opentelemetry/sdk-trace is 2.12.0 where 3.x is needed");
    expect(refusal).toContain("Run: npm install @opentelemetry/api@1.10.0 ");
    expect(handled).toBe("1");
  });
});
