import { describe, expect, it } from "vitest";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import { runProgram } from "../support/run-program.ts";

const SHUT_DOWN = `
  trace.getTracer("test").startSpan("a span").end();
  console.log((await telemetry.shutdown()).spans.exported);
`;

describe("startTelemetry in a program", () => {
  it("may run before other modules that the same program imports", async () => {
    await using receiver = await startOtlpReceiver();
    const first = `import { startTelemetry } from "${import.meta.resolve("../../dist/instrumentation.js")}";
      export const telemetry = startTelemetry({ serviceName: "shop" });`;

    const result = await runProgram(
      `import { telemetry } from "data:text/javascript,${encodeURIComponent(first)}";
       import { TracerProvider } from "@opentelemetry/sdk-trace";
       import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
       import { trace } from "@opentelemetry/api";
       void [TracerProvider, OTLPTraceExporter];
       ${SHUT_DOWN}`,
      { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } },
    );

    expect(result).toMatchObject({ exitCode: 0, stdout: "1\n", stderr: "" });
  });

  it("copes with imports of the SDK that are under way", async () => {
    await using receiver = await startOtlpReceiver();

    const result = await runProgram(
      `import { trace } from "@opentelemetry/api";
       const [telemetry] = await Promise.all([
         import("spanbus/instrumentation").then(({ startTelemetry }) => startTelemetry({ serviceName: "shop" })),
         import("@opentelemetry/sdk-trace"),
         import("@opentelemetry/exporter-trace-otlp-http"),
         import("zod"),
       ]);
       ${SHUT_DOWN}`,
      { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } },
    );

    expect(result).toMatchObject({ exitCode: 0, stdout: "1\n", stderr: "" });
    expect(receiver.spans()).toMatchObject([{ name: "a span" }]);
  });

  it("can be required from CommonJS", async () => {
    await using receiver = await startOtlpReceiver();

    const result = await runProgram(
      `import { createRequire } from "node:module";
       const require = createRequire(import.meta.url);
       const { startTelemetry } = require("spanbus/instrumentation");
       const { trace } = require("@opentelemetry/api");
       const telemetry = startTelemetry({ serviceName: "shop" });
       ${SHUT_DOWN}`,
      { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } },
    );

    expect(result).toMatchObject({ exitCode: 0, stdout: "1\n", stderr: "" });
  });
});

describe("createLogger in a program", () => {
  it("writes to stdout, or to the transport it is given", async () => {
    const result = await runProgram(
      `import { createLogger } from "spanbus/instrumentation";
       createLogger({ base: null, timestamp: false }).info("plain");
       const transport = { target: "pino/file", options: { destination: 2 } };
       createLogger({ base: null, timestamp: false, transport }).info("by transport");`,
    );

    expect(result).toMatchObject({
      exitCode: 0,
      stdout: '{"level":30,"msg":"plain"}\n',
      stderr: '{"level":30,"msg":"by transport"}\n',
    });
  });
});
