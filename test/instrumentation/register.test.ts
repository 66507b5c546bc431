import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeTemporaryFolder, runChild } from "../support/child.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import { ROOT } from "../support/root.ts";
import { runProgram } from "../support/run-program.ts";

const REGISTER = { importFlags: ["spanbus/register"] };

const PUBLISHES = `
  import { EventBus } from "spanbus";
  const bus = new EventBus({ source: "shop" });
  bus.subscribe("order.placed", () => {}, { name: "billing" });
  await bus.publish("order.placed", {});
`;

describe("node --import spanbus/register", () => {
  it("traces and measures an application that knows nothing of it, and delivers when it ends", async () => {
    await using receiver = await startOtlpReceiver();

    const result = await runProgram(`${PUBLISHES} console.log("done");`, {
      ...REGISTER,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: "shop" },
    });

    expect(result).toMatchObject({ exitCode: 0, stdout: "done\n", stderr: "", timedOut: false });
    expect(
      receiver
        .spans()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["process order.placed", "publish order.placed"]);
    expect(receiver.spans()[0]?.resource).toMatchObject({ "service.name": "shop" });
    expect(receiver.counter("messaging.client.sent.messages")).toBe(1);
    expect(receiver.counter("spanbus.telemetry.spans", { "spanbus.telemetry.result": "exported" })).toBe(2);
  });

  it.each(["refuse", "hang", "drip", "500"] as const)(
    "lets the application end by itself, with its own exit code, when the collector answers with %s",
    async (behaviour) => {
      await using receiver = await startOtlpReceiver({ behaviour });

      const result = await runProgram(`${PUBLISHES} process.exitCode = 3;`, {
        ...REGISTER,
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, SPANBUS_SHUTDOWN_DEADLINE_MS: "1000" },
      });

      expect(result).toMatchObject({ exitCode: 3, timedOut: false });
      expect(result.stderr).toMatch(/spans/);
      expect(result.stderr).not.toMatch(/^\s+at /m); // no stack
    },
  );

  it.each([
    ["after", "healthy"],
    ["while", "slow"],
  ] as const)("delivers what other beforeExit listeners make the process do %s it delivers", async (_, behaviour) => {
    await using receiver = await startOtlpReceiver({ behaviour });

    const result = await runProgram(
      `import { trace } from "@opentelemetry/api";
       const end = (name) => trace.getTracer("test").startSpan(name).end();
       end("first");
       let times = 0;
       process.on("beforeExit", () => {
         if (times++ === 0) setTimeout(() => end("second"), 50);
       });`,
      { ...REGISTER, env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } },
    );

    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(receiver.spans().map(({ name }) => name)).toEqual(["first", "second"]);
  });

  it("says what was lost when the application calls process.exit", async () => {
    await using receiver = await startOtlpReceiver();

    const result = await runProgram(`${PUBLISHES} process.exit(4);`, {
      ...REGISTER,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    });

    expect(result).toMatchObject({
      exitCode: 4,
      stderr: "spanbus/register: 2 spans not delivered: the process ended before they could be\n",
    });
  });

  it("leaves signals alone by default", async () => {
    await using receiver = await startOtlpReceiver();

    const result = await runProgram(
      `${PUBLISHES} setInterval(() => {}, 1000); console.log(process.listenerCount("SIGTERM"), "ready");`,
      {
        ...REGISTER,
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
        signalAfter: [{ output: "ready", signal: "SIGTERM" }],
      },
    );

    expect(result).toMatchObject({ exitCode: null, signal: "SIGTERM", stdout: "0 ready\n" });
  });

  it("delivers on the signals it is told to, then lets them end the process as they would have", async () => {
    await using receiver = await startOtlpReceiver();

    const result = await runProgram(`${PUBLISHES} setInterval(() => {}, 1000); console.log("ready");`, {
      ...REGISTER,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, SPANBUS_SHUTDOWN_SIGNALS: "SIGTERM" },
      signalAfter: [{ output: "ready", signal: "SIGTERM" }],
    });

    expect(result).toMatchObject({ exitCode: null, signal: "SIGTERM", timedOut: false });
    expect(receiver.spans()).toHaveLength(2);
  });

  it("ends at once on a second signal", async () => {
    await using receiver = await startOtlpReceiver({ behaviour: "hang" });

    const result = await runProgram(
      `${PUBLISHES} setInterval(() => {}, 1000);
       console.log("ready");
       setInterval(() => process.listenerCount("SIGTERM") === 0 && console.log("again"), 20);`,
      {
        ...REGISTER,
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
          SPANBUS_SHUTDOWN_SIGNALS: "SIGTERM",
          SPANBUS_SHUTDOWN_DEADLINE_MS: "60000",
          OTEL_EXPORTER_OTLP_TIMEOUT: "60000",
        },
        signalAfter: [
          { output: "ready", signal: "SIGTERM" },
          { output: "again", signal: "SIGTERM" },
        ],
      },
    );

    expect(result).toMatchObject({ exitCode: null, signal: "SIGTERM", timedOut: false });
  });

  it("leaves ending the process to an application that handles the signal", async () => {
    await using receiver = await startOtlpReceiver();

    const result = await runProgram(
      `${PUBLISHES}
       const alive = setInterval(() => {}, 1000);
       process.on("SIGTERM", () => setTimeout(() => {
         console.log("closed");
         clearInterval(alive);
       }, 500));
       console.log("ready");`,
      {
        ...REGISTER,
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, SPANBUS_SHUTDOWN_SIGNALS: "SIGTERM" },
        signalAfter: [{ output: "ready", signal: "SIGTERM" }],
      },
    );

    expect(result).toMatchObject({ exitCode: 0, signal: null, stdout: "ready\nclosed\n" });
    expect(receiver.spans()).toHaveLength(2);
  });

  it("warns of a bad variable, and goes on with the default", async () => {
    await using receiver = await startOtlpReceiver();

    const result = await runProgram(PUBLISHES, {
      ...REGISTER,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_MAX_QUEUE_SIZE: "lots" },
    });

    expect(result.exitCode).toBe(0);
    expect(result.stderr.match(/Warning/g)).toHaveLength(1);
    expect(result.stderr).toContain('OTEL_BSP_MAX_QUEUE_SIZE is "lots"');
    expect(receiver.spans()).toHaveLength(2);
  });

  it("returns the telemetry it started to an application that starts its own, which may shut it down", async () => {
    await using receiver = await startOtlpReceiver();

    const result = await runProgram(
      `${PUBLISHES}
       import { startTelemetry } from "spanbus/instrumentation";
       const report = await startTelemetry({ serviceName: "other" }).shutdown();
       console.log(report.spans.exported);`,
      { ...REGISTER, env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } },
    );

    expect(result).toMatchObject({ exitCode: 0, stdout: "2\n" });
    expect(result.stderr).toContain("telemetry runs already");
  });

  it("prints one error with the install line when packages are missing, and the application runs", async () => {
    await using folder = await makeTemporaryFolder();
    const modules = join(folder.path, "node_modules");
    await mkdir(join(modules, "@opentelemetry"), { recursive: true });
    await cp(join(ROOT, "dist"), join(modules, "spanbus", "dist"), { recursive: true });
    await cp(join(ROOT, "package.json"), join(modules, "spanbus", "package.json"));
    for (const name of ["@opentelemetry/api", "uuid"])
      await symlink(join(ROOT, "node_modules", name), join(modules, name));
    await writeFile(join(folder.path, "main.mjs"), `${PUBLISHES} console.log("done");`);

    const result = await runChild(process.execPath, ["--import", "spanbus/register", "main.mjs"], folder.path);

    expect(result).toMatchObject({ exitCode: 0, stdout: "done\n" });
    expect(result.stderr.trim().split("\n")).toHaveLength(1);
    expect(result.stderr).toMatch(
      /^spanbus\/register: cannot start telemetry: @opentelemetry\/context-async-hooks is not/,
    );
    expect(result.stderr).toMatch(
      /Run: npm install @opentelemetry\/api@1\.10\.0 .* @opentelemetry\/sdk-trace@3\.1\.0 /,
    );
  });
});
