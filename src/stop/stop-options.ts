import { constants } from "node:os";
import { OptionCheck } from "../check.ts";
import { BusError, describeValue } from "../errors.ts";
import type { EventBus } from "../event-bus.ts";
import type { Logger } from "../logger.ts";
import type { StoppableTelemetry } from "../telemetry/process.ts";
import type { StopReport } from "./stop-report.ts";

/** A bus, whatever its catalog. */
export type StoppableBus = Pick<EventBus, "drain" | "close" | "describe" | "deadLetters" | "stats">;

/** How long a part of the stop has left, in milliseconds. */
export interface TimeLeft {
  readonly deadlineMs: number;
}

/** Options of {@link stopGracefully}. */
export interface StopOptions {
  /**
   * The buses to drain, in this order: one whose handlers publish on another comes before that. Read when the stop begins:
   * buses may be added to the array until then.
   */
  readonly buses: readonly StoppableBus[];
  /**
   * What is shut down after the drain; false for none.
   * @default what `startTelemetry` or `spanbus/register` has running
   */
  readonly telemetry?: StoppableTelemetry | false | undefined;
  /**
   * The longest the drain may take, `beforeDrain` and `afterDrain` included, in milliseconds: what runs then is cut.
   * @default 10000
   */
  readonly drainMs?: number | undefined;
  /** The longest the telemetry may take after that, in milliseconds: what has not arrived then is counted. @default 5000 */
  readonly flushMs?: number | undefined;
  /**
   * Stops taking work, such as `() => app.close()`: until it is done, or half of `drainMs` is over, the buses still take
   * what is published.
   */
  readonly beforeDrain?: ((left: TimeLeft) => unknown) | undefined;
  /** Stops what the last handlers still needed, such as `(left) => link.drain(left)`. */
  readonly afterDrain?: ((left: TimeLeft) => unknown) | undefined;
}

/** A signal that asks a process to end. */
export type StopSignal = "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGQUIT" | "SIGBREAK" | "SIGUSR2";

/** Options of {@link stopOnSignals}. */
export interface StopOnSignalsOptions extends StopOptions {
  /** Which signals begin the stop. @default ["SIGTERM", "SIGINT"] */
  readonly signals?: readonly StopSignal[] | undefined;
  /** Takes the one line that says how the stop went. @default Node process warnings, when anything was lost */
  readonly logger?: Logger | undefined;
  /** Gets the report just before the process ends; a promise it returns is waited for, 200 ms at most. */
  readonly onStopped?: ((report: StopReport) => unknown) | undefined;
  /** Ends the process. @default process.exit */
  readonly exit?: ((exitCode: number) => unknown) | undefined;
}

/** Where an option says nothing. */
export const STOP_DEFAULTS: {
  readonly drainMs: number;
  readonly flushMs: number;
  readonly signals: readonly StopSignal[];
} = { drainMs: 10_000, flushMs: 5_000, signals: ["SIGTERM", "SIGINT"] };

const STOP_OPTIONS = ["buses", "telemetry", "drainMs", "flushMs", "beforeDrain", "afterDrain"];

/** @throws BusError `INVALID_OPTION` */
export function checkStopOptions(options: StopOptions): void {
  checkShared(new OptionCheck("stopGracefully", options, STOP_OPTIONS), "stopGracefully", options);
}

/** @throws BusError `INVALID_OPTION` */
export function checkStopOnSignalsOptions(options: StopOnSignalsOptions): void {
  const check = new OptionCheck("stopOnSignals", options, [...STOP_OPTIONS, "signals", "logger", "onStopped", "exit"]);
  checkShared(check, "stopOnSignals", options);
  check.matching("signals", `an array of ${SIGNALS.join(", ")}`, isListOfSignals);
  check.object("logger");
  check.function("onStopped");
  check.function("exit");
}

const SIGNALS: readonly StopSignal[] = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGBREAK", "SIGUSR2"];

function isListOfSignals(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => SIGNALS.includes(each as StopSignal));
}

function checkShared(check: OptionCheck, owner: string, options: StopOptions): void {
  const buses: unknown = options?.buses;
  if (!Array.isArray(buses) || !buses.every(isBus)) {
    throw new BusError("INVALID_OPTION", `${owner}: buses must be an array of buses, got ${describeValue(buses)}`);
  }
  check.matching(
    "telemetry",
    "telemetry with a shutdown(), or false",
    (value) => value === false || canShutDown(value),
  );
  check.timer("drainMs");
  check.timer("flushMs");
  check.function("beforeDrain");
  check.function("afterDrain");
}

function isBus(value: unknown): boolean {
  const { drain, close } = (value ?? {}) as Partial<StoppableBus>;
  return typeof drain === "function" && typeof close === "function";
}

function canShutDown(value: unknown): boolean {
  return typeof (value as Partial<StoppableTelemetry> | null)?.shutdown === "function";
}

/** 128 and the number of the signal: how shells tell that a signal ended a process. */
export function signalExitCode(signal: StopSignal): number {
  return 128 + (constants.signals[signal] ?? 0);
}
