import { BusError } from "./errors.ts";
import type { Middleware } from "./handler.ts";
import type { Invoke } from "./routing/subscription.ts";
import { ignoreRejection } from "./thenable.ts";

/** One function out of a handler and the middleware around it, the first outermost. */
export function composeMiddleware(middleware: readonly Middleware[], handler: Invoke): Invoke {
  return middleware.reduceRight(wrap, handler);
}

function wrap(inner: Invoke, middleware: Middleware): Invoke {
  return (event, ctx) => {
    let isCalled = false;
    return middleware(event, ctx, () => {
      if (isCalled) throw new BusError("NEXT_CALLED_TWICE", `middleware "${middleware.name}" called next() twice`);
      isCalled = true;
      const returned = inner(event, ctx);
      ignoreRejection(returned); // middleware that drops the promise counts as handled; the process must not die of it
      return returned;
    });
  };
}
