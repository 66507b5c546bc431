import { AsyncResource } from "node:async_hooks";

const RESOURCE = { requireManualDestroy: true };

/** Made when the module is loaded, which is in nobody's context. */
const outside = new AsyncResource("spanbus.transport", RESOURCE);

/**
 * Calls `run(argument)` in nobody's async context. A transport hands envelopes over through it: whatever was active where
 * an envelope was published, its engine connected or a timer set has nothing to say about who handles it.
 */
export function runOutside<Argument, Result>(run: (argument: Argument) => Result, argument: Argument): Result {
  return outside.runInAsyncScope(runInside, undefined, { run, argument } as Call) as Result;
}

interface Call {
  readonly run: (argument: unknown) => unknown;
  readonly argument: unknown;
}

/** In a resource of its own: on Node 22 an `enterWith` in `run` would stay in `outside` for all that come later. */
function runInside({ run, argument }: Call): unknown {
  return new AsyncResource("spanbus.delivery", RESOURCE).runInAsyncScope(run, undefined, argument);
}
