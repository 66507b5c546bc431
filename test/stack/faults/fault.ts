import type { EventBus } from "spanbus";
import type { TelemetryOptions } from "spanbus/instrumentation";

/** Something that goes wrong in a real service, and the alerts that should tell of it. */
export interface Fault {
  /** The service's name, too. */
  readonly name: string;
  /** What goes wrong, in words: the test's title. */
  readonly story: string;
  /** The alert this fault is for, then those that cannot but fire with it. */
  readonly alerts: readonly [string, ...string[]];
  /** Telemetry that is set up otherwise than by default. */
  readonly telemetry?: () => TelemetryOptions | Promise<TelemetryOptions>;
  /** Sets the service up. */
  prepare(): Beats;
}

/** What a service does, {@link BEAT_MS} apart. */
export interface Beats {
  /** While all is well. */
  well(): unknown;
  /** While the fault lasts. */
  broken(): unknown;
  /** Once, when the fault is gone. */
  mend?(): unknown;
  /** Ended with the service. */
  readonly buses: readonly EventBus[];
}

export const BEAT_MS = 50;

/** An error of the service's own, under its own `error.type`. */
export class PaymentError extends Error {
  override readonly name = "PaymentError";
}

/** A promise and what opens it. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function makeGate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Calls `beat` only every so many beats. */
export function every(beats: number, beat: () => unknown): () => unknown {
  let count = 0;
  return () => (count++ % beats === 0 ? beat() : undefined);
}

/** Forgets every dead letter, as an operator's script may. */
export function removeDeadLetters(bus: EventBus): void {
  for (const { id } of bus.deadLetters.list()) bus.deadLetters.remove(id);
}
