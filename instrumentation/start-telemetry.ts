import { processWarnings } from "../src/logging.ts";
import { Guard } from "../src/telemetry/guard.ts";
import { telemetryState } from "../src/telemetry/process.ts";
import type { TelemetryReport } from "../src/telemetry/telemetry-report.ts";
import { readEnvironment } from "./env.ts";
import { Connections, readCertificates } from "./export/connections.ts";
import { ExportFailures } from "./export/export-failures.ts";
import { Guards } from "./guard/guards.ts";
import { Notices } from "./guard/notices.ts";
import type { TelemetryOptions } from "./options.ts";
import { loadSdk } from "./packages.ts";
import { RunningTelemetry } from "./running-telemetry.ts";
import { checkTelemetryOptions } from "./settings/check-options.ts";
import { buildResource } from "./settings/resource.ts";
import { resolveSettings } from "./settings/settings.ts";
import type { Telemetry } from "./telemetry.ts";

let running: RunningTelemetry | undefined;

/**
 * Starts an OpenTelemetry SDK for this process: traces and metrics (logs on request) over OTLP/HTTP, sampled, batched,
 * counted, and unable to harm the application. Options win over the standard `OTEL_*` environment variables, which win
 * over the defaults; with nothing set, telemetry goes to http://localhost:4318.
 *
 * It is synchronous, so that everything after it is traced, and works before or after a bus is made; meters of other
 * libraries bind only if they are made after it. While it runs, starting again changes nothing: it warns, and returns
 * the running telemetry.
 *
 * @throws BusError `INVALID_OPTION`; `TELEMETRY_PACKAGES_MISSING` with the install line
 * @example
 * await using telemetry = startTelemetry({ serviceName: "shop" });
 */
export function startTelemetry(options: TelemetryOptions = {}): Telemetry {
  checkTelemetryOptions(options);
  const logger = options.logger ?? processWarnings;
  const notices = new Notices(logger);
  if (running !== undefined) {
    const state = running.isStopping ? "is shutting down: await its shutdown() first" : "runs already";
    notices.warn("start", () => `startTelemetry changed nothing: telemetry ${state}`);
    return running;
  }
  if (/^\s*true\s*$/i.test(process.env.OTEL_SDK_DISABLED ?? "")) return disabled; // before anything is loaded
  const sdk = loadSdk();
  const { environment, problems } = readEnvironment(process.env);
  for (const problem of problems) notices.warn(problem, () => problem);
  const settings = resolveSettings(options, environment);
  const guards = new Guards(new Guard(logger));
  const failures = new ExportFailures(notices);
  const parts = {
    sdk,
    options,
    environment,
    settings,
    resource: buildResource(sdk, options, environment),
    guards,
    notices,
    failures,
    connections: new Connections({
      limitMs: settings.exportTimeoutMs + GRACE_MS,
      tls: readCertificates(environment, notices),
      onError: (error) => failures.addConnection(error),
    }),
  };
  running = new RunningTelemetry(parts, () => {
    running = undefined;
    telemetryState().running = undefined;
  });
  telemetryState().running = running;
  return running;
}

/** The telemetry that runs now, whoever started it, `spanbus/register` included; undefined when none does. */
export function runningTelemetry(): Telemetry | undefined {
  return running;
}

/** An export is given up on first, and its connection a moment later: what a cut connection means to an exporter varies. */
const GRACE_MS = 250;

const NONE = { exported: 0, dropped: 0, failed: 0, queued: 0 } as const;

const NOTHING_TO_REPORT: TelemetryReport = {
  ok: true,
  timedOut: false,
  durationMs: 0,
  spans: { exported: 0, dropped: 0, failed: 0, notDelivered: 0 },
  metrics: "off",
  logs: "off",
  errors: [],
};

/** What OTEL_SDK_DISABLED=true leaves. */
const disabled: Telemetry = {
  enabled: false,
  stats: () => ({ spans: NONE, logs: NONE, metrics: { exported: 0, failed: 0 } }),
  flush: async () => NOTHING_TO_REPORT,
  shutdown: async () => NOTHING_TO_REPORT,
  [Symbol.asyncDispose]: async () => undefined,
};
