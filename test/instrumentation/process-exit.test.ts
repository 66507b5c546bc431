import { describe, expect, it } from "vitest";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import { runProgram } from "../support/run-program.ts";

const STARTS = `
  import { trace, metrics } from "@opentelemetry/api";
  import { startTelemetry } from "spanbus/instrumentation";
  const telemetry = startTelemetry({ serviceName: "shop", logs: true, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  metrics.getMeter("test").createCounter("a.counter").add(1);
  const end = (count) => {
    for (let i = 0; i < count; i++) trace.getTracer("test").startSpan("span " + i).end();
  };
`;

describe("a process with telemetry", () => {
  it.each(["healthy", "refuse", "reset", "hang", "drip", "429-retry-after", "5xx", "redirect", "garbage"] as const)(
    "ends by itself after a shutdown, soon after the deadline, when the collector answers with %s",
    async (behaviour) => {
      await using receiver = await startOtlpReceiver({ behaviour });

      const result = await runProgram(
        `${STARTS}
         end(600);
         const report = await telemetry.shutdown({ deadlineMs: 500 });
         console.log(JSON.stringify(report.spans), Math.round(report.durationMs));`,
        { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } },
      );

      const [spans, durationMs] = result.stdout.split(" ");
      const { exported, failed, notDelivered } = JSON.parse(spans ?? "");
      expect(result).toMatchObject({ exitCode: 0, stderr: "", timedOut: false });
      expect(exported).toBe(behaviour === "healthy" ? 600 : 0);
      expect(exported + failed + notDelivered).toBe(600);
      expect(Number(durationMs)).toBeLessThan(2000);
      expect(result.durationMs).toBeLessThan(8000);
    },
  );

  it.each(["hang", "drip"] as const)(
    "ends by itself without a shutdown, though the collector answers with %s",
    async (behaviour) => {
      await using receiver = await startOtlpReceiver({ behaviour });

      const result = await runProgram(`${STARTS} end(8192); setTimeout(() => console.log("done"), 100);`, {
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_TIMEOUT: "10000" },
      });

      expect(result).toMatchObject({ exitCode: 0, stdout: "done\n", stderr: "", timedOut: false });
      expect(result.durationMs).toBeLessThan(8000);
    },
  );
});
