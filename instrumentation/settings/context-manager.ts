import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import type { Context, ContextManager } from "@opentelemetry/api";
import type { Sdk } from "../packages.ts";

const RESOURCE = { requireManualDestroy: true };

/**
 * The SDK's context manager on `AsyncLocalStorage`, entered by `enterWith` inside an async resource: its own `with` uses
 * `run`, which copies all async stores twice, to enter and to leave, for each span that becomes active.
 */
export function createContextManager({ contextHooks }: Sdk): ContextManager {
  const manager = new contextHooks.AsyncLocalStorageContextManager();
  const store: unknown = Reflect.get(manager, "_asyncLocalStorage");
  if (!(store instanceof AsyncLocalStorage)) return manager; // another SDK version: its own way is right, if slower
  const contexts: AsyncLocalStorage<Context> = store;
  manager.with = (...call) =>
    new AsyncResource("spanbus", RESOURCE).runInAsyncScope(() => {
      const [context, fn, that, ...args] = call;
      contexts.enterWith(context);
      return fn.apply(that as ThisParameterType<typeof fn>, args);
    });
  return manager;
}
