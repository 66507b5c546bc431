import type { AnyCatalog, DefaultCatalog } from "../../src/catalog/catalog-types.ts";
import { EventBus } from "../../src/event-bus.ts";
import type { BusOptions } from "../../src/options.ts";
import { createRecordingLogger, type RecordingLogger } from "./recording-logger.ts";

/** A bus that prints nothing, with the record of what it logged. */
export function createBus<Events extends AnyCatalog = DefaultCatalog>(
  options: BusOptions<Events> = {},
): { bus: EventBus<Events>; logger: RecordingLogger } {
  const logger = createRecordingLogger();
  return { bus: new EventBus<Events>({ source: "test", logger, ...options }), logger };
}

/** A promise that the test settles. */
export function deferred<Value = void>(): {
  promise: Promise<Value>;
  resolve: (value: Value) => void;
  reject: (error: unknown) => void;
} {
  let resolve!: (value: Value) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<Value>((...settlers) => {
    [resolve, reject] = settlers;
  });
  return { promise, resolve, reject };
}

const { setImmediate: nextTurn } = globalThis; // not those a test has faked

/** Lets everything that is ready run: a few turns of the event loop. */
export async function settleTurns(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => nextTurn(() => resolve()));
}

/** What a promise rejects with; a promise that resolves makes the test fail. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("error" in outcome) return outcome.error;
  throw new Error("the promise was expected to reject, and resolved");
}

/** What a call throws; a call that returns makes the test fail. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("the call was expected to throw, and returned");
}

/** Collects what nobody handled, until it is disposed. */
export function watchUnhandled(): Disposable & { readonly rejections: readonly unknown[] } {
  const rejections: unknown[] = [];
  const record = (reason: unknown): void => void rejections.push(reason);
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", record);
  const dispose = (): void => {
    process.removeListener("unhandledRejection", record);
    for (const other of others) process.on("unhandledRejection", other);
  };
  return { rejections, [Symbol.dispose]: dispose };
}
