import { describe, expect, it } from "vitest";
import { type ReceiverBehaviour, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { runProgram } from "../support/run-program.ts";
import { runStopping, runWithCollector } from "./programs.ts";

/** What the semantics allow beside the two deadlines, in milliseconds. */
const SLACK_MS = 500;

const FIVE_HUNDRED = `
  const bus = new EventBus({ source: "shop", logger });
  let handled = 0;
  bus.subscribe("order.placed", async () => { await wait(300); handled++; }, { name: "billing" });
  stopOnSignals({ buses: [bus], telemetry, onStopped });
  process.on("exit", () => console.log("handled " + handled));
  for (let i = 0; i < 500; i++) void bus.publish("order.placed", { i });
  ready();
  setInterval(() => {}, 1000);
`;

describe("a process that gets SIGTERM with 500 handlers in flight", () => {
  it("handles them all, delivers all their spans, and ends with 0", async () => {
    const { stopped, receiver } = await runWithCollector("healthy", FIVE_HUNDRED);

    expect(stopped).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
    expect(stopped.stdout).toContain("handled 500\n");
    expect(stopped.report).toMatchObject({
      isComplete: true,
      signal: "SIGTERM",
      cut: [],
      telemetry: { ok: true, spans: { exported: 1000, dropped: 0, failed: 0, notDelivered: 0 } },
      problems: [],
    });
    const names = receiver.spans().map(({ name }) => name);
    expect(names.filter((name) => name === "process order.placed")).toHaveLength(500);
    expect(names.filter((name) => name === "publish order.placed")).toHaveLength(500);
    expect(receiver.counter("spanbus.deliveries", { "spanbus.delivery.outcome": "handled" })).toBe(500);
  });
});

const HANGS = `
  const bus = new EventBus({ source: "shop", logger });
  bus.subscribe("order.placed", (event) => event.data.i === 0 ? new Promise(() => {}) : wait(20), { name: "billing" });
  stopOnSignals({ buses: [bus], telemetry, logger, onStopped, drainMs: 400, flushMs: 800 });
  for (let i = 0; i < 100; i++) void bus.publish("order.placed", { i });
  ready();
  setInterval(() => {}, 1000);
`;

const FAULTS = [
  "refuse",
  "reset",
  "hang",
  "drip",
  "4xx",
  "404",
  "429-retry-after",
  "5xx",
  "500",
  "redirect",
  "garbage",
] as const satisfies readonly ReceiverBehaviour[];

describe("a process that is stopped with a handler that hangs", () => {
  it.each(FAULTS)("ends in time and says what was lost, with a collector that answers with %s", async (behaviour) => {
    const { stopped } = await runWithCollector(behaviour, HANGS);

    expect(stopped).toMatchObject({ exitCode: 1, signal: null, timedOut: false, stderr: "" });
    expect(stopped.exitMs).toBeLessThan(400 + 800 + SLACK_MS);
    const { report } = stopped;
    expect(report?.cut).toMatchObject([{ eventName: "order.placed", subscription: "billing", reason: "deadline" }]);
    expect(report?.telemetry).toMatchObject({ ok: false, spans: { exported: 0, dropped: 0 } });
    const { failed = 0, notDelivered = 0 } = report?.telemetry?.spans ?? {};
    expect(failed + notDelivered).toBe(200);
    const line = JSON.parse(/^\{.*"spanbus\.process\.stopped".*$/m.exec(stopped.stdout)?.[0] ?? "{}");
    expect(line).toMatchObject({
      level: 50,
      signal: "SIGTERM",
      exit_code: 1,
      cut_count: 1,
      cut: [{ event_id: report?.cut[0]?.eventId, event_name: "order.placed", subscription: "billing" }],
      telemetry: { ok: false, spans_failed: failed, spans_not_delivered: notDelivered },
    });
    expect(line.msg).toMatch(/^stopped on SIGTERM: 1 delivery was cut \(order\.placed .* for "billing"\); 200 spans/);
  });
});

describe("a process that is stopped while the collector is broken", () => {
  it.each(["refuse", "drip", "500"] as const)(
    "ends with 0 when all was handled: lost telemetry is reported and changes nothing, collector answers with %s",
    async (behaviour) => {
      const { stopped } = await runWithCollector(
        behaviour,
        `const bus = new EventBus({ source: "shop" });
         bus.subscribe("order.placed", () => wait(50), { name: "billing" });
         stopOnSignals({ buses: [bus], onStopped, flushMs: 600 }); // finds the telemetry by itself
         for (let i = 0; i < 10; i++) void bus.publish("order.placed");
         ready();`,
      );

      expect(stopped.exitCode).toBe(0);
      expect(stopped.report).toMatchObject({ isComplete: true, cut: [], telemetry: { ok: false } });
      expect(stopped.stderr).toContain("SpanbusWarning: stopped on SIGTERM: nothing was cut; 20 spans");
    },
  );
});

describe("a second signal", () => {
  const HANGING = `
    const bus = new EventBus({ source: "shop" });
    bus.subscribe("order.placed", () => new Promise(() => {}), { name: "billing" });
    stopOnSignals({ buses: [bus], onStopped, beforeDrain: () => console.log("stopping") });
    void bus.publish("order.placed");
    setInterval(() => console.log("still here"), 60);
    ready();`;

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("ends the process at once: %s, exit code %i", async (signal, exitCode) => {
    const stopped = await runStopping(HANGING, {
      signalAfter: [
        { output: "ready", signal: "SIGTERM" },
        { output: "stopping\nstill here", signal },
      ],
    });

    expect(stopped).toMatchObject({ exitCode, signal: null, report: undefined });
    expect(stopped.exitMs).toBeLessThan(5000); // of a drain deadline of 10 s
    expect(stopped.stderr).toMatch(
      /^\(spanbus\) the process ended before it had stopped: .*"signal":"SIGTERM","exit_code":\d+,"in_flight":1\}\n$/,
    );
  });

  it("is the same request when it comes within 50 ms, as npm sends it", async () => {
    const stopped = await runStopping(
      `const bus = new EventBus({ source: "shop" });
       bus.subscribe("order.placed", () => wait(100), { name: "billing" });
       stopOnSignals({ buses: [bus], onStopped });
       void bus.publish("order.placed");
       process.emit("SIGINT", "SIGINT");
       process.emit("SIGINT", "SIGINT");`,
      { signalAfter: [] },
    );

    expect(stopped).toMatchObject({ exitCode: 0, stderr: "", report: { isComplete: true, signal: "SIGINT" } });
  });
});

describe("buses that are linked by a transport of this process", () => {
  const LINKED = `
    import { connectTransport } from "spanbus/transports";
    import { MemoryTransport } from "spanbus/transports/memory";
    const transport = new MemoryTransport();
    const shop = new EventBus({ source: "shop", logger });
    const office = new EventBus({ source: "office", logger: quiet });
    await connectTransport(shop, transport, { send: "order.*" });
    await connectTransport(office, transport, { receive: "order.*", group: "billing" });
    office.subscribe("order.placed", () => new Promise(() => {}), { name: "stuck" });
    for (let i = 0; i < 3; i++) await shop.publish("order.placed");
    const buses = [shop, office];
    setInterval(() => {}, 60);`;

  it("end with exit code 1 where the transport still holds something, and the report names it", async () => {
    const stopped = await runStopping(`${LINKED} stopOnSignals({ buses, onStopped, logger, drainMs: 200 }); ready();`);

    expect(stopped.exitCode).toBe(1);
    expect(stopped.report?.cut.map(({ subscription, reason }) => `${subscription}: ${reason}`)).toEqual([
      "stuck: deadline",
      "billing: transport",
      "billing: transport",
    ]);
  });

  it("leave a line with the number where the process ends before it had stopped", async () => {
    const stopped = await runStopping(
      `${LINKED} stopOnSignals({ buses, beforeDrain: () => process.exit(7) }); ready();`,
    );

    expect(stopped.exitCode).toBe(7);
    expect(stopped.stderr).toMatch(/"exit_code":7,"in_flight":[01],"in_transports":3\}\n$/);
  });
});

describe("a handler that ends the process while it is drained", () => {
  it("ends it with its own exit code, and the log says that the stop was not over", async () => {
    const stopped = await runStopping(
      `const bus = new EventBus({ source: "shop", logger });
       bus.subscribe("order.placed", async () => { await wait(300); process.exit(7); }, { name: "billing" });
       stopOnSignals({ buses: [bus], logger, onStopped });
       void bus.publish("order.placed");
       void bus.publish("order.placed");
       ready();`,
    );

    expect(stopped).toMatchObject({ exitCode: 7, stderr: "", report: undefined });
    const line = JSON.parse(/^\{.*"spanbus\.process\.stopped".*$/m.exec(stopped.stdout)?.[0] ?? "{}");
    expect(line).toMatchObject({ level: 50, signal: "SIGTERM", exit_code: 7, in_flight: 2 });
  });
});

describe("what else may go wrong in a stop", () => {
  const BUS = `
    const bus = new EventBus({ source: "shop", logger: quiet });
    bus.subscribe("order.placed", () => wait(20), { name: "billing" });
    void bus.publish("order.placed");
    const fail = () => { throw new Error("broken"); };
    process.on("unhandledRejection", (error) => { console.log("unhandled", error); });
    ready();
    setInterval(() => {}, 1000);`;

  it.each([
    ["a logger that throws", "logger: { debug: fail, info: fail, warn: fail, error: fail }, onStopped"],
    ["a logger that rejects", "logger: { ...quiet, info: async () => fail() }, onStopped"],
    ["an onStopped that throws", "onStopped: (report) => { onStopped(report); fail(); }"],
    ["an onStopped that rejects", "onStopped: async (report) => { onStopped(report); fail(); }"],
    ["an onStopped that never ends", "onStopped: (report) => { onStopped(report); return new Promise(() => {}); }"],
    ["an exit that throws", "onStopped, exit: fail"],
    ["telemetry that throws", "onStopped, telemetry: { shutdown: fail }"],
    ["telemetry that rejects", "onStopped, telemetry: { shutdown: async () => fail() }"],
    ["telemetry that never ends", "onStopped, flushMs: 100, telemetry: { shutdown: () => new Promise(() => {}) }"],
  ])("%s neither keeps the process nor changes its exit code", async (_, options) => {
    const stopped = await runStopping(`${BUS} stopOnSignals({ buses: [bus], ${options} });`);

    expect(stopped).toMatchObject({
      exitCode: 0,
      signal: null,
      timedOut: false,
      report: { isComplete: true, cut: [] },
    });
    expect(stopped.stdout).not.toContain("unhandled");
  });

  it.each([
    ["throws", "fail", /^beforeDrain failed: broken$/],
    ["rejects", "async () => fail()", /^beforeDrain failed: broken$/],
    ["never ends", "() => new Promise(() => {})", /^beforeDrain was not done within 150 ms$/],
  ])("a beforeDrain that %s is reported, exit code 1, and the rest is done all the same", async (_, step, problem) => {
    const stopped = await runStopping(
      `${BUS} stopOnSignals({ buses: [bus], onStopped, drainMs: 300, beforeDrain: ${step} });`,
    );

    expect(stopped).toMatchObject({
      exitCode: 1,
      report: { isComplete: false, cut: [], problems: [expect.any(String)] },
    });
    expect(stopped.report?.problems[0]).toMatch(problem);
    expect(stopped.stdout).not.toContain("unhandled");
  });

  it("a telemetry that was given a later deadline by somebody else does not delay the end", async () => {
    const { stopped } = await runWithCollector(
      "hang",
      `${BUS}
       stopOnSignals({ buses: [bus], onStopped, flushMs: 300 });
       void telemetry.shutdown({ deadlineMs: 60_000 });`,
      { env: { OTEL_EXPORTER_OTLP_TIMEOUT: "60000" } },
    );

    expect(stopped.exitCode).toBe(0);
    expect(stopped.report?.telemetry).toMatchObject({ ok: false, timedOut: true, spans: { exported: 0 } });
  });
});

describe("stopOnSignals", () => {
  it("works where it is called inside a handler", async () => {
    const stopped = await runStopping(
      `const bus = new EventBus({ source: "shop" });
       bus.subscribe("service.started", async () => {
         stopOnSignals({ buses: [bus], onStopped });
         ready();
         await wait(200);
       }, { name: "starter" });
       void bus.publish("service.started");`,
    );

    expect(stopped).toMatchObject({ exitCode: 0, stderr: "", report: { isComplete: true, problems: [] } });
  });

  it("keeps no process alive that has nothing to do", async () => {
    const stopped = await runStopping(
      `const bus = new EventBus({ source: "shop" });
       stopOnSignals({ buses: [bus], onStopped });`,
      { signalAfter: [] },
    );

    expect(stopped).toMatchObject({ exitCode: 0, timedOut: false, report: undefined, stderr: "" });
  });

  it("leaves the signal to others once it is disposed", async () => {
    const stopped = await runProgram(
      `import { stopOnSignals } from "spanbus";
       { using _ = stopOnSignals({ buses: [] }); }
       console.log(process.listenerCount("SIGTERM"), process.listenerCount("SIGINT"));
       console.log("ready");
       setInterval(() => {}, 1000);`,
      { signalAfter: [{ output: "ready", signal: "SIGTERM" }] },
    );

    expect(stopped).toMatchObject({ exitCode: null, signal: "SIGTERM", stdout: "0 0\nready\n" });
  });

  it("delivers with spanbus/register, whose own signal handling may be on as well", async () => {
    await using receiver = await startOtlpReceiver();

    const stopped = await runStopping(
      `const bus = new EventBus({ source: "shop" });
       bus.subscribe("order.placed", () => wait(200), { name: "billing" });
       stopOnSignals({ buses: [bus], onStopped });
       void bus.publish("order.placed");
       ready();`,
      {
        importFlags: ["spanbus/register"],
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, SPANBUS_SHUTDOWN_SIGNALS: "SIGTERM,SIGINT" },
      },
    );

    expect(stopped).toMatchObject({ exitCode: 0, stderr: "", report: { telemetry: { ok: true } } });
    expect(
      receiver
        .spans()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["process order.placed", "publish order.placed"]);
  });

  it("shuts down the NodeSDK it is given", async () => {
    await using receiver = await startOtlpReceiver();

    const stopped = await runStopping(
      `import { NodeSDK } from "@opentelemetry/sdk-node";
       const sdk = new NodeSDK();
       sdk.start();
       const bus = new EventBus({ source: "shop" });
       bus.subscribe("order.placed", () => wait(100), { name: "billing" });
       stopOnSignals({ buses: [bus], telemetry: sdk, onStopped });
       void bus.publish("order.placed");
       ready();`,
      { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" } },
    );

    expect(stopped).toMatchObject({ exitCode: 0, report: { telemetry: { ok: true, timedOut: false, errors: [] } } });
    expect(receiver.spans()).toHaveLength(2);
  });
});
