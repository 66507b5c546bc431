import type { HubHandler } from "../catalog.ts";

const MAX_NAMES = 1_000;

/** Notes everything that passes: how often each name, names beyond the first 1,000 together. */
export function audit(trail: Map<string, number>): HubHandler<unknown> {
  return (event, ctx) => {
    const key = trail.has(event.name) || trail.size < MAX_NAMES ? event.name : "(other)";
    trail.set(key, (trail.get(key) ?? 0) + 1);
    ctx.log.debug("seen");
  };
}
