import { types } from "node:util";
import { v4 as uuid } from "uuid";
import { currentEvent } from "../context.ts";
import { FailureReader } from "../delivery/failure.ts";
import { activeTraceFields } from "../telemetry/active.ts";
import { announce, guard, type PublishingBus } from "./announce.ts";
import type { Callable } from "./decorated.ts";

/** An action: a function whose calls are published. */
export interface Action {
  readonly bus: PublishingBus;
  /** One token of the events' names. */
  readonly name: string;
  readonly source: string | undefined;
  /** Makes fields for the events of the call's arguments. */
  readonly data: ((...args: unknown[]) => unknown) | undefined;
}

/** Calls `fn` like `fn.apply(self, args)`, and publishes the start and the end of the call. */
export function callAction(action: Action, fn: Callable, { self, args }: { self: unknown; args: unknown[] }): unknown {
  const call = new ActionCall(action, args);
  let returned: unknown;
  try {
    returned = Reflect.apply(fn, self, args);
  } catch (error) {
    call.failed(error);
    throw error;
  }
  if (types.isPromise(returned)) return followed(returned, call);
  call.succeeded();
  return returned;
}

const failures = new FailureReader(guard, "message", undefined);

/** One call of an action: publishes its start when made, and its end when told. */
class ActionCall {
  readonly #action: Action;
  readonly #correlationId: string;
  readonly #startedAt: number;
  #details: object | undefined;

  constructor(action: Action, args: readonly unknown[]) {
    this.#action = action;
    const { trace_id: traceId } = activeTraceFields();
    this.#correlationId = currentEvent()?.correlationId ?? (traceId as string | undefined) ?? uuid();
    this.#publish("start", () => {
      this.#details = action.data?.(...args) as object | undefined;
      return {};
    });
    this.#startedAt = performance.now();
  }

  succeeded(): void {
    const durationMs = performance.now() - this.#startedAt;
    this.#publish("success", () => ({ durationMs }));
  }

  failed(thrown: unknown): void {
    const durationMs = performance.now() - this.#startedAt;
    const { type, message = "" } = failures.read(thrown);
    this.#publish("failure", () => ({ durationMs, error: { type, message } }));
  }

  #publish(stage: "start" | "success" | "failure", fields: () => object): void {
    const { bus, source, name } = this.#action;
    const read = (): unknown => {
      const own = fields(); // first: at the start it makes the details
      return { ...this.#details, action: name, ...own };
    };
    void announce(bus, {
      name: `action.${name}.${stage}`,
      source,
      correlationId: this.#correlationId,
      get data() {
        return read(); // by the bus, which refuses what throws
      },
    });
  }
}

/** The promise to return: it settles as `promise` does, and the event about that comes first. */
function followed(promise: Promise<unknown>, call: ActionCall): Promise<unknown> {
  const settled = (value: unknown): unknown => {
    call.succeeded();
    return value;
  };
  const rejected = (error: unknown): never => {
    call.failed(error);
    throw error;
  };
  const isPlain =
    Object.getPrototypeOf(promise) === Promise.prototype && Object.getOwnPropertyNames(promise).length === 0;
  if (isPlain) return promise.then(settled, rejected); // not `promise`: a rejection nobody handles must stay one
  void watch(promise, settled, rejected);
  return promise; // nothing else would do for one that has properties, or a class, of its own
}

async function watch(
  promise: Promise<unknown>,
  settled: (value: unknown) => unknown,
  rejected: (error: unknown) => never,
): Promise<void> {
  try {
    await Promise.prototype.then.call(promise, settled, rejected); // its own `then` may start something
  } catch {
    // the rejection is the caller's, who has the promise
  }
}
