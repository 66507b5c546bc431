import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";
import { BusError } from "../src/errors.ts";
import { findPackageProblems } from "./package-check.ts";

/** The packages of `spanbus/instrumentation`, in the versions this release is tested with. */
export const SDK_PACKAGES = {
  "@opentelemetry/api": "1.10.0",
  "@opentelemetry/context-async-hooks": "3.1.0",
  "@opentelemetry/core": "3.1.0",
  "@opentelemetry/exporter-logs-otlp-http": "0.301.0",
  "@opentelemetry/exporter-metrics-otlp-http": "0.301.0",
  "@opentelemetry/exporter-trace-otlp-http": "0.301.0",
  "@opentelemetry/resources": "3.1.0",
  "@opentelemetry/sdk-logs": "3.1.0",
  "@opentelemetry/sdk-metrics": "3.1.0",
  "@opentelemetry/sdk-trace": "3.1.0",
  pino: "10.4.0",
  zod: "4.6.7",
} as const;

type PackageName = keyof typeof SDK_PACKAGES;

const API = "@opentelemetry/api";
const LOG_PACKAGES: readonly PackageName[] = ["@opentelemetry/exporter-logs-otlp-http", "@opentelemetry/sdk-logs"];

/** The OpenTelemetry SDK, loaded when telemetry starts. */
export interface Sdk {
  readonly contextHooks: typeof import("@opentelemetry/context-async-hooks");
  readonly core: typeof import("@opentelemetry/core");
  readonly metricExporter: typeof import("@opentelemetry/exporter-metrics-otlp-http");
  readonly metrics: typeof import("@opentelemetry/sdk-metrics");
  readonly resources: typeof import("@opentelemetry/resources");
  readonly trace: typeof import("@opentelemetry/sdk-trace");
  readonly traceExporter: typeof import("@opentelemetry/exporter-trace-otlp-http");
}

/** The part of the SDK that only OTLP logs need. */
export interface LogSdk {
  readonly exporter: typeof import("@opentelemetry/exporter-logs-otlp-http");
  readonly logs: typeof import("@opentelemetry/sdk-logs");
}

/**
 * Loads the SDK, synchronously.
 *
 * @throws BusError `TELEMETRY_PACKAGES_MISSING` when a package is missing or the versions do not fit together
 */
export function loadSdk(): Sdk {
  return refuseUnlessUsable(NEEDED_TO_START, () => ({
    contextHooks: loadPackage("@opentelemetry/context-async-hooks"),
    core: loadPackage("@opentelemetry/core"),
    metricExporter: loadPackage("@opentelemetry/exporter-metrics-otlp-http"),
    metrics: loadPackage("@opentelemetry/sdk-metrics"),
    resources: loadPackage("@opentelemetry/resources"),
    trace: loadPackage("@opentelemetry/sdk-trace"),
    traceExporter: loadPackage("@opentelemetry/exporter-trace-otlp-http"),
  }));
}

const NEEDED_TO_START = (Object.keys(SDK_PACKAGES) as PackageName[]).filter(
  (name) => name !== "pino" && !LOG_PACKAGES.includes(name),
);

/**
 * Loads what OTLP logs need on top of {@link loadSdk}.
 *
 * @throws BusError `TELEMETRY_PACKAGES_MISSING`
 */
export function loadLogSdk(): LogSdk {
  return refuseUnlessUsable([API, "@opentelemetry/core", "@opentelemetry/resources", ...LOG_PACKAGES], () => ({
    exporter: loadPackage("@opentelemetry/exporter-logs-otlp-http"),
    logs: loadPackage("@opentelemetry/sdk-logs"),
  }));
}

/** Loads zod. @throws BusError `TELEMETRY_PACKAGES_MISSING` */
export function loadZod(): typeof import("zod") {
  return refuseUnlessUsable(["zod"], () => loadPackage("zod"));
}

/** Loads pino. @throws BusError `TELEMETRY_PACKAGES_MISSING` */
export function loadPino(): typeof import("pino") {
  return refuseUnlessUsable(["pino"], () => loadPackage("pino"));
}

/** Loads an optional package; undefined when it is not installed. */
export function loadOptional<Package>(name: string): Package | undefined {
  try {
    return loadPackage(name);
  } catch {
    return undefined; // not installed, or not loadable: the caller says what is missing because of it
  }
}

function refuseUnlessUsable<Loaded>(names: readonly PackageName[], load: () => Loaded): Loaded {
  if (nodeModule.findPackageJSON === undefined) {
    const text = `cannot start telemetry: Node ${process.versions.node} is too old; it needs 22.22 or later, or 24.13 or later`;
    throw new BusError("TELEMETRY_PACKAGES_MISSING", text);
  }
  const problems = findPackageProblems(names, import.meta.url);
  if (problems.length > 0) throw packagesMissing(problems);
  try {
    return load();
  } catch (error) {
    throw packagesMissing([error instanceof Error ? error.message : String(error)], error);
  }
}

function packagesMissing(problems: readonly string[], cause?: unknown): BusError {
  const set = Object.entries(SDK_PACKAGES).map(([name, version]) => `${name}@${version}`);
  return new BusError(
    "TELEMETRY_PACKAGES_MISSING",
    `cannot start telemetry: ${problems.join("; ")}. Run: npm install ${set.join(" ")}`,
    cause === undefined ? undefined : { cause },
  );
}

const requireFrom = nodeModule.createRequire(import.meta.url);

/**
 * The ES module build, loaded synchronously. A plain `require` would load the CommonJS builds: a second copy of every
 * class beside the one the application imports. They are the way out where an `import()` of the same package is under
 * way, which Node does not let a `require` overtake (22 and 24 say so with different errors).
 */
function loadPackage<Package>(name: string): Package {
  try {
    return requireFrom(fileURLToPath(import.meta.resolve(name))) as Package;
  } catch (error) {
    try {
      return requireFrom(name) as Package;
    } catch {
      throw error; // broken in both builds: the first error is the one to read
    }
  }
}
