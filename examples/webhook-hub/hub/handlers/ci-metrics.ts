import { z } from "zod";
import type { HubHandler } from "../catalog.ts";
import { eventTypeOf } from "../event-type.ts";

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const timed = z.object({
  conclusion: z.string().max(50),
  started_at: instant.optional(),
  run_started_at: instant.optional(), // workflow runs
  completed_at: instant.optional(),
  updated_at: instant.optional(), // workflow runs
});

/** How long checks, jobs and runs took, in seconds, by what came out. */
export type CiDurations = Map<string, number[]>;

const MAX_DURATIONS = 1_000;

/** Measures CI. What tells no times is none of its business; what makes no sense is set aside for a person. */
export function ciMetrics(durations: CiDurations): HubHandler {
  return ({ name, data }, ctx) => {
    const type = eventTypeOf(name);
    const { success, data: run, error } = timed.safeParse(data[type]);
    if (!success) return ctx.deadLetter(`unreadable ${type}: ${error.issues[0]?.path.join(".")}`);
    const startedAt = run.started_at ?? run.run_started_at;
    const endedAt = run.completed_at ?? run.updated_at;
    if (startedAt === undefined || endedAt === undefined) return ctx.discard(`a ${type} tells no times`);
    if (endedAt < startedAt) return ctx.deadLetter(`a ${type} that ended before it started`);
    const known = durations.get(run.conclusion) ?? [];
    durations.set(run.conclusion, [...known, (endedAt - startedAt) / 1000].slice(-MAX_DURATIONS));
  };
}
