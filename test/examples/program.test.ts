import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { post } from "../../examples/webhook-hub/replay/post.ts";
import { webhookRequest } from "../../examples/webhook-hub/replay/webhook-request.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { ROOT } from "../support/root.ts";
import { type ProgramResult, type RunOptions, runProgram } from "../support/run-program.ts";

const MAIN = join(ROOT, "examples/webhook-hub/main.ts");
const TIMEOUT_MS = 60_000;

const run = (args: readonly string[], options: RunOptions = {}): Promise<ProgramResult> =>
  runProgram({ file: MAIN }, { args, timeoutMs: TIMEOUT_MS - 5_000, ...options });

/** The lines of one section of a report. */
function section(report: string, title: string): readonly string[] {
  const [, rest = ""] = report.split(`── ${title} `);
  return (rest.split("\n\n")[0] ?? "").split("\n").slice(1);
}

/** What must not depend on how fast the machine is. */
function counts(report: string): unknown {
  const handlers = section(report, "Handlers").map((line) => line.trim().split(/ {2,}/).slice(0, 7));
  return { outcomes: section(report, "Outcomes"), answers: section(report, "HTTP answers"), handlers };
}

/** The first number after a word: `matched 1,312`. */
function numberAfter(word: string, report: string): number {
  return Number(new RegExp(`${word} ([\\d,]+)`).exec(report)?.[1]?.replaceAll(",", ""));
}

describe("the replay", () => {
  let receiver: OtlpReceiver;
  let quiet: ProgramResult;
  let exported: ProgramResult;
  let other: ProgramResult;

  // tells on stderr which ports are connected to
  const spy = `data:text/javascript,${encodeURIComponent(`
    import { Socket } from "node:net";
    const { connect } = Socket.prototype;
    Socket.prototype.connect = function (...args) {
      const { port, path } = [args[0]].flat()[0];
      process.stderr.write("connects to " + (port ?? path) + "\\n");
      return connect.apply(this, args);
    };`)}`;

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    [quiet, exported, other] = await Promise.all([
      run([], { importFlags: [spy] }),
      run([], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } }),
      run(["--seed", "2"]),
    ]);
  }, TIMEOUT_MS);

  afterAll(() => receiver.close());

  it("goes through, and ends well", () => {
    expect([quiet, exported, other].map(({ exitCode, signal }) => [exitCode, signal])).toEqual([
      [0, null],
      [0, null],
      [0, null],
    ]);
    expect(exported.stderr).toBe("");
    expect(quiet.stdout).toContain("329 of 329");
    expect(quiet.stdout).toContain("✓ every answer was the expected one, and the ledger balances");
  });

  it("prints plain text where there is no terminal", () => {
    expect(quiet.stdout).not.toContain("\u001b");
    expect(quiet.stdout.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });

  it("shows failures of every kind, and the ledger balanced", () => {
    const ledger = section(quiet.stdout, "Ledger");

    expect(section(quiet.stdout, "Outcomes").map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
      "handled",
      "failed, dead-lettered",
      "timed out, dead-lettered",
      "failed, discarded on purpose",
      "attempts retried",
      "refused by the bus",
    ]);
    expect(ledger.filter((line) => line.startsWith("  ✓ ")).length).toBe(11);
    expect(quiet.stdout).not.toContain("✗");
  });

  it("draws a trace with a mended failure and a publish inside a handler", () => {
    const trace = section(quiet.stdout, "One trace").join("\n");

    expect(trace).toMatch(/publish github\.\w+/);
    expect(trace).toMatch(/│ {2}└─ publish (resource|action)\./);
    expect(trace).toMatch(/retry: RemoteError/);
    expect(trace).toMatch(/attempt 2 .* handled/);
  });

  it("counts the same in every run with the same seed, and not with another", () => {
    expect(counts(exported.stdout)).toEqual(counts(quiet.stdout));
    expect(counts(other.stdout)).not.toEqual(counts(quiet.stdout));
  });

  it("connects to nothing but itself when no collector is named", () => {
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(quiet.stdout)?.[1];
    const connections = new Set(quiet.stderr.trim().split("\n"));

    expect(connections).toEqual(new Set([`connects to ${port}`]));
    expect(quiet.stdout).toContain("stayed in this process");
  });

  it("sends every span and exact metrics to the collector that is named", () => {
    const spans = receiver.spans();
    const report = exported.stdout;

    expect(spans.length).toBe(numberAfter("spans ended", report));
    expect(report).toContain(`spans exported ${spans.length.toLocaleString("en-US")} · dropped 0 · failed 0`);
    expect(receiver.counter("spanbus.deliveries")).toBe(numberAfter("matched", report));
    expect(receiver.counter("spanbus.handler.retries")).toBe(numberAfter("retries", report));
    expect(new Set(spans.map((span) => span.resource["service.name"]))).toEqual(new Set(["webhook-hub"]));
    expect(receiver.logs()).toEqual([]);
  });

  it("writes no e-mail address, and no payload, into telemetry", () => {
    const text = JSON.stringify(receiver.spans(), (_, value) => (typeof value === "bigint" ? String(value) : value));

    expect(text).not.toMatch(/[a-z]@[a-z]+\./i);
    expect(text).not.toContain("Spelling error in the README file"); // the title of the issue in most payloads
    expect(text).toContain('"github.repository":"Codertocat/Hello-World"');
  });
});

describe("the service", () => {
  it("stays up, replays, and ends with a report on SIGTERM", { timeout: TIMEOUT_MS }, async () => {
    const started = '"msg":"a webhook was accepted"';
    const result = await run(["--serve", "--rate", "50"], { signalAfter: [{ output: started, signal: "SIGTERM" }] });

    expect([result.exitCode, result.signal]).toEqual([0, null]);
    expect(result.stdout).toMatch(/webhooks? replayed/);
    expect(result.stdout).toContain("✓ every answer was the expected one, and the ledger balances");
  });

  it("takes webhooks from others, and finishes them before it ends", { timeout: TIMEOUT_MS }, async () => {
    await using receiver = await startOtlpReceiver();
    await using hub = await serve(["--rate", "0"], { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    const url = /takes webhooks at (\S+)/.exec(hub.output())?.[1] ?? "";
    const secret = /WEBHOOK_SECRET=(\w+)/.exec(hub.output())?.[1] ?? "";
    const recording = { event: "pull_request", payload: { action: "opened", pull_request: { number: 1 } } };

    const { body, headers } = webhookRequest(recording, { secret, id: "somebody" });
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;

    const answer = await post(url, { body, headers: { ...headers, traceparent } });
    hub.child.kill("SIGINT"); // the scanner takes 50 ms at least
    await once(hub.child, "close");

    expect(answer.status).toBe(202);
    expect(hub.child.exitCode).toBe(0);
    expect(hub.output()).toMatch(/202 {2}accepted +1\n/);
    expect(hub.output()).toMatch(/dependency-scanner +1 +1 /);
    const root = receiver.spans().find((span) => span.parentSpanId === undefined);
    expect(root?.traceId).toBe(JSON.parse(answer.text).traceId); // a trace of its own, linked to the sender's
    expect(root?.links).toMatchObject([{ traceId: "a".repeat(32), spanId: "b".repeat(16) }]);
  });

  it("keeps a secret it was given to itself", { timeout: TIMEOUT_MS }, async () => {
    await using hub = await serve(["--rate", "0"], { WEBHOOK_SECRET: "hush-hush" });
    hub.child.kill("SIGTERM");
    await once(hub.child, "close");

    expect(hub.output()).not.toContain("hush-hush");
  });
});

describe("the program", () => {
  it("tells what it can do", async () => {
    const { exitCode, stdout } = await run(["--help"]);

    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("--serve")]);
  });

  it("says what is wrong with its command line", async () => {
    const { exitCode, stdout, stderr } = await run(["--rate", "x", "--serve"]);

    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain('--rate is "x"; use a whole number from 0 to 1000');
  });

  it("says that its port is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };

    const { exitCode, stderr } = await run(["--port", String(port)]);
    taken.close();

    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`^webhook-hub: port ${port} cannot be had`));
  });
});

interface Served extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly output: () => string;
}

/** Starts the service; resolves when it has said where it is. */
async function serve(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Served> {
  const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
  const child = spawn(process.execPath, [MAIN, "--serve", ...args], {
    env: { PATH, NO_COLOR: "1", LOG_LEVEL: "silent", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("--data-binary")) resolve();
    });
    child.once("error", reject);
    child.once("close", () => reject(new Error(`the service ended: ${output}`)));
  });
  return {
    child,
    output: () => output,
    [Symbol.asyncDispose]: async () => void child.kill("SIGKILL"),
  };
}
