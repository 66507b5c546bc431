import type { DeliveryFailure } from "../delivery/host.ts";
import { BusError, describeValue } from "../errors.ts";
import { areTimersFaked } from "./activity.ts";
import { type InFlightDelivery, spellInFlight } from "./in-flight.ts";

/** The bus did not become quiet in time (`code` `TIMEOUT`); the message and `inFlight` say what is still going on. */
export class NotSettledError extends BusError {
  readonly inFlight: readonly InFlightDelivery[];

  constructor(why: string, inFlight: readonly InFlightDelivery[]) {
    const faked = areTimersFaked() ? "\ntimers are faked: advance them while this waits" : "";
    super("TIMEOUT", `the bus has not settled: ${why}; still in flight:\n${spellInFlight(inFlight)}${faked}`);
    this.inFlight = inFlight;
  }

  override get name(): string {
    return "NotSettledError";
  }
}

/**
 * Handlers failed, or calls of runs threw, that a test did not say it expects. `errors` holds one for each that says what
 * failed where, since some runners show those alone; what was thrown is its `cause`.
 */
export class UnexpectedFailuresError extends AggregateError {
  /** The deliveries among them. */
  readonly failures: readonly DeliveryFailure[];

  constructor(failures: readonly DeliveryFailure[], runErrors: readonly unknown[]) {
    const errors = [...failures.map(explainFailure), ...runErrors.map(explainRunError)];
    super(errors, `the test did not expect these failures:\n${errors.map((each) => `  ${each.message}`).join("\n")}`);
    this.failures = failures;
  }

  override get name(): string {
    return "UnexpectedFailuresError";
  }
}

/** Which failures a test expects; a field that is left out fits all. */
export interface ExpectedFailures {
  /** The name of the subscription. */
  readonly subscription?: string | undefined;
  /** The name of the event. */
  readonly event?: string | undefined;
  /** Part of the error's message, or a pattern it matches. */
  readonly message?: string | RegExp | undefined;
}

/** Whether a failure is one of those a test expects. */
export function isExpected({ subscription, event, error }: DeliveryFailure, expected: ExpectedFailures): boolean {
  if (expected.subscription !== undefined && expected.subscription !== subscription) return false;
  if (expected.event !== undefined && expected.event !== event.name) return false;
  const { message } = expected;
  if (message === undefined) return true;
  const text = error instanceof Error ? error.message : String(error);
  return typeof message === "string" ? text.includes(message) : message.test(text);
}

function explainFailure({ event, subscription, attempts, error }: DeliveryFailure): BusError {
  const text = `[${subscription}] failed ${event.name} in attempt ${attempts}: ${describeError(error)}`;
  return new BusError("DELIVERY_FAILED", `${text} (if it is to fail, call harness.expectFailures())`, { cause: error });
}

function explainRunError(error: unknown): BusError {
  const text = `the call given to harness.run() threw ${describeError(error)} (if it is to throw, look at run.error)`;
  return new BusError("DELIVERY_FAILED", text, { cause: error });
}

function describeError(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : describeValue(error);
  } catch {
    return "an error that cannot be read";
  }
}
