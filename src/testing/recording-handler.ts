import { OptionCheck } from "../check.ts";
import { BusError } from "../errors.ts";
import type { BusEvent } from "../event/event.ts";
import type { HandlerContext } from "../handler.ts";

// taken at load time: a test's fake timers must not stop the deadline of the test
const { setTimeout: startDeadline, clearTimeout: stopDeadline } = globalThis;

/** Options of {@link recordingHandler}. */
export interface RecordingHandlerOptions<Event extends BusEvent = BusEvent> {
  /** The name subscriptions of it get unless they are given one. @default the pattern */
  readonly name?: string | undefined;
  /** What it throws; a function is called for it, and throws nothing where that returns undefined. @default nothing */
  readonly throws?: unknown;
  /** How many calls throw, the first ones. @default all */
  readonly times?: number | undefined;
  /** How long a call takes before it returns or throws, on the clock in force, in milliseconds. @default none */
  readonly delayMs?: number | undefined;
  /** Never returns: for timeouts, drains and deadlines. @default false */
  readonly hangs?: boolean | undefined;
  /** What it does where it does not throw: publish, say. Its result is awaited. @default nothing */
  readonly run?: ((event: Event, ctx: HandlerContext) => unknown) | undefined;
}

/** One call of a recording handler. */
export interface RecordedCall<Event extends BusEvent = BusEvent> {
  readonly event: Event;
  /** Undefined where the handler was called directly. */
  readonly ctx: HandlerContext | undefined;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** A handler that remembers its calls. */
export interface RecordingHandler<Event extends BusEvent = BusEvent> {
  (event: Event, ctx?: HandlerContext<unknown>): Promise<void> | undefined; // of a bus with any catalog, or called directly
  /** The events it was called with, one for each call, oldest first. */
  readonly events: readonly Event[];
  readonly calls: readonly RecordedCall<Event>[];
  /**
   * Resolves with the calls when there are `count` of them.
   *
   * @throws BusError (as a rejection) `TIMEOUT` after `timeoutMs` real milliseconds, 1,000 by default
   */
  waitForCalls(count: number, options?: { readonly timeoutMs?: number }): Promise<readonly RecordedCall<Event>[]>;
}

const OPTIONS = ["name", "throws", "times", "delayMs", "hangs", "run"];

/**
 * Makes a handler that remembers its calls, and misbehaves as told.
 *
 * @throws BusError `INVALID_OPTION`
 * @example
 * const billing = recordingHandler({ throws: new Error("the card service is down"), times: 1 });
 * harness.bus.subscribe("order.placed", billing, { name: "billing", retry: { maxAttempts: 2 } });
 */
export function recordingHandler<Event extends BusEvent = BusEvent>(
  options: RecordingHandlerOptions<Event> = {},
): RecordingHandler<Event> {
  checkHandlerOptions(options);
  const calls: RecordedCall<Event>[] = [];
  const waiting = new Set<() => void>();
  const handle = (event: Event, ctx?: HandlerContext): Promise<void> | undefined => {
    const call = { event, ctx, attempt: ctx?.attempt ?? 1 };
    calls.push(call);
    for (const look of waiting) look();
    return behave(options, call, calls.length);
  };
  const waitForCalls: RecordingHandler<Event>["waitForCalls"] = (count, { timeoutMs = 1000 } = {}) => {
    return new Promise((resolve, reject) => {
      const deadline = startDeadline(() => {
        waiting.delete(look);
        const text = `waited ${timeoutMs} ms for ${count} calls of ${describeHandler(options)}, there were ${calls.length}`;
        reject(new BusError("TIMEOUT", text));
      }, timeoutMs);
      function look(): void {
        if (calls.length < count) return;
        waiting.delete(look);
        stopDeadline(deadline);
        resolve([...calls]);
      }
      waiting.add(look);
      look();
    });
  };
  Object.defineProperty(handle, "name", { value: options.name ?? "" }); // an empty name lets the pattern speak
  Object.defineProperty(handle, "events", { get: () => calls.map((call) => call.event) });
  Object.defineProperty(handle, "calls", { get: () => [...calls] });
  return Object.assign(handle, { waitForCalls }) as unknown as RecordingHandler<Event>;
}

function checkHandlerOptions<Event extends BusEvent>(options: RecordingHandlerOptions<Event>): void {
  const check = new OptionCheck("recordingHandler", options, OPTIONS);
  check.number("times", { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  check.timer("delayMs");
  check.boolean("hangs");
  check.function("run");
}

/** Synchronous where nothing makes it wait, so that it can stand for synchronous handlers too. */
function behave<Event extends BusEvent>(
  { throws, times = Number.POSITIVE_INFINITY, delayMs, hangs, run }: RecordingHandlerOptions<Event>,
  { event, ctx }: RecordedCall<Event>,
  number: number,
): Promise<void> | undefined {
  const throwIfTold = (): void => {
    const thrown = number > times ? undefined : typeof throws === "function" ? throws(event, ctx) : throws;
    if (thrown !== undefined) throw thrown;
  };
  if (hangs) return new Promise(() => undefined);
  if (delayMs === undefined && run === undefined) {
    throwIfTold();
    return undefined;
  }
  return (async () => {
    if (delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, delayMs));
    throwIfTold();
    await run?.(event, ctx as HandlerContext);
  })();
}

function describeHandler({ name }: { readonly name?: string | undefined }): string {
  return name === undefined ? "the handler" : `"${name}"`;
}
