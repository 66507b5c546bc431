import { types } from "node:util";
import { BusError } from "./errors.ts";
import type { Invoke, Middleware } from "./handler.ts";
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
      // middleware that drops the promise counts as handled, and the process must not die of it; a lazy thenable, a query
      // builder say, is left alone: looking at it would run it
      if (types.isPromise(returned)) ignoreRejection(returned);
      return returned;
    });
  };
}
