import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import type { Context, ContextManager } from "@opentelemetry/api";
import type { ContextEntrance } from "../../src/telemetry/process.ts";
import type { Sdk } from "../packages.ts";

/** A context manager, and the short way into its contexts where there is one. */
export interface ContextManagerChoice {
  readonly manager: ContextManager;
  readonly enter: ContextEntrance | undefined;
}

/**
 * The SDK's context manager on `AsyncLocalStorage`, entered by `enterWith` inside an async resource: its own `with` uses
 * `run`, which copies all async stores twice, to enter and to leave, for each span that becomes active.
 */
export function createContextManager({ contextHooks }: Sdk): ContextManagerChoice {
  const manager = new contextHooks.AsyncLocalStorageContextManager();
  const store: unknown = Reflect.get(manager, "_asyncLocalStorage");
  if (!(store instanceof AsyncLocalStorage)) return { manager, enter: undefined }; // another SDK version: its own way is right, if slower
  const contexts: AsyncLocalStorage<Context> = store;
  const enterWith = <Argument, Result>(context: Context, run: (argument: Argument) => Result, argument: Argument) => {
    contexts.enterWith(context);
    return run(argument);
  };
  const enter: ContextEntrance = (context, run, argument) => {
    const resource = new AsyncResource("spanbus", RESOURCE);
    return resource.runInAsyncScope(enterWith, undefined, context as Context, run, argument) as ReturnType<typeof run>;
  };
  manager.with = (...call) => {
    const [context, fn, that, ...args] = call;
    return enter(context, () => fn.apply(that as ThisParameterType<typeof fn>, args), undefined);
  };
  return { manager, enter };
}

const RESOURCE = { requireManualDestroy: true };
