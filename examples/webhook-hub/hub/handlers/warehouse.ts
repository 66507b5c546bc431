import type { HubHandler } from "../catalog.ts";
import type { Remote } from "../remote.ts";

/** Copies every webhook to a warehouse that is not always there. */
export function warehouse(remote: Remote): HubHandler {
  return async ({ correlationId }, ctx) => {
    await remote.call({ key: correlationId, attempt: ctx.attempt, signal: ctx.signal });
  };
}
