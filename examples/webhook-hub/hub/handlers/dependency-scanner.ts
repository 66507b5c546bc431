import type { HubHandler } from "../catalog.ts";
import type { Remote } from "../remote.ts";

/** Looks through what a pull request pulls in: slow work, stopped by the signal when it takes too long. */
export function dependencyScanner(scanner: Remote): HubHandler {
  return async ({ correlationId }, ctx) => {
    await scanner.call({ key: correlationId, attempt: ctx.attempt, signal: ctx.signal });
    ctx.log.info("scanned");
  };
}
