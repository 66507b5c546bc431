import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { startOtlpReceiver } from "./otlp-receiver.ts";
import { ROOT } from "./root.ts";
import { runProgram } from "./run-program.ts";

describe("runProgram", () => {
  it("runs TypeScript and returns what it printed and how it ended", async () => {
    const result = await runProgram(
      `const words: readonly string[] = process.argv.slice(2);
       console.log(words.join(" "));
       console.error("to stderr");
       process.exitCode = 3;`,
      { args: ["hello", "world"] },
    );

    expect(result).toEqual({
      exitCode: 3,
      signal: null,
      stdout: "hello world\n",
      stderr: "to stderr\n",
      durationMs: expect.any(Number),
      timedOut: false,
    });
  });

  it("resolves spanbus to the built package, and other packages to the repository's", async () => {
    const result = await runProgram(
      `import { trace } from "@opentelemetry/api";
       const resolved = [import.meta.resolve("spanbus"), import.meta.resolve("@opentelemetry/api")];
       console.log(JSON.stringify([...resolved, typeof trace.getTracer, process.cwd()]));`,
    );

    const [spanbus, api, getTracer, directory] = JSON.parse(result.stdout);
    expect(spanbus).toContain("dist/index.js");
    expect(api).toBe(pathToFileURL(join(ROOT, "node_modules/@opentelemetry/api/dist/index.mjs")).href);
    expect(getTracer).toBe("function");
    expect(existsSync(directory)).toBe(false);
  });

  it("runs a file of the repository where it stands", async () => {
    const result = await runProgram({ file: join(ROOT, "test/support/span-tree.ts") });

    expect(result).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  });

  it("loads modules first, and passes options of Node", async () => {
    const loaded = "data:text/javascript,globalThis.first = performance.now()";

    const result = await runProgram("console.log(typeof globalThis.first, typeof globalThis.gc)", {
      importFlags: [loaded],
      nodeOptions: ["--expose-gc"],
    });

    expect(result.stdout).toBe("number function\n");
  });

  it("passes the environment it is given and none of the test's own", async () => {
    vi.stubEnv("OTEL_SERVICE_NAME", "the test");
    vi.stubEnv("NODE_OPTIONS", "--no-warnings");

    const result = await runProgram(
      `const { GIVEN, OTEL_SERVICE_NAME, NODE_OPTIONS, VITEST, PATH } = process.env;
       console.log(JSON.stringify([GIVEN, OTEL_SERVICE_NAME, NODE_OPTIONS, VITEST, PATH !== undefined]));`,
      { env: { GIVEN: "yes" } },
    );
    vi.unstubAllEnvs();

    expect(JSON.parse(result.stdout)).toEqual(["yes", null, null, null, true]);
  });

  it("sends each signal once, when the program has printed its text", async () => {
    const result = await runProgram(
      `setInterval(() => {}, 1_000);
       let signals = 0;
       process.on("SIGTERM", () => console.log("draining", ++signals));
       process.on("SIGINT", () => process.exit(7));
       console.log("ready");`,
      {
        signalAfter: [
          { output: "ready", signal: "SIGTERM" },
          { output: "draining", signal: "SIGINT" },
        ],
      },
    );

    expect(result).toMatchObject({ exitCode: 7, signal: null, stdout: "ready\ndraining 1\n", timedOut: false });
  });

  it("tells the signal that ended a program", async () => {
    const result = await runProgram(`setInterval(() => {}, 1_000); console.log("ready");`, {
      signalAfter: [{ output: "ready", signal: "SIGTERM" }],
    });

    expect(result).toMatchObject({ exitCode: null, signal: "SIGTERM", timedOut: false });
  });

  it("kills a program that does not end, and says so, even when its own child holds the pipes open", async () => {
    const result = await runProgram(
      `import { spawn } from "node:child_process";
       const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 15_000)"], { stdio: "inherit" });
       process.on("SIGTERM", () => {});
       console.log(child.pid);
       setInterval(() => {}, 1_000);`,
      { timeoutMs: 3_000 },
    );
    const grandchild = Number.parseInt(result.stdout, 10);
    if (grandchild > 0) process.kill(grandchild); // by its id: only the program itself is runProgram's to kill

    expect(grandchild).toBeGreaterThan(0);
    expect(result).toMatchObject({ exitCode: null, signal: "SIGKILL", timedOut: true });
    expect(result.stderr).toMatch(/\[killed: process \d+ still ran after 3000 ms\]\n$/);
  });

  it("lets a program export to a receiver in the test", async () => {
    await using receiver = await startOtlpReceiver();

    const result = await runProgram(
      `import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
       import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
       const processor = new BatchSpanProcessor({ exporter: new OTLPTraceExporter() });
       const provider = new TracerProvider({ spanProcessors: [processor] });
       provider.getTracer("child").startSpan("from the child").end();
       await provider.shutdown();`,
      { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } },
    );

    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await receiver.waitForSpans(1)).toMatchObject([{ name: "from the child" }]);
  });
});
