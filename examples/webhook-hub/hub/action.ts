import type { HubContext } from "./catalog.ts";
import type { Journal } from "./journal.ts";

/** An action and the handler it happens in. */
export interface Action {
  readonly name: string;
  readonly ctx: HubContext;
  readonly journal: Journal;
  readonly input?: unknown;
}

/** Does `work` between `action.{name}.start` and `.success` or `.failure`; passes its error on. */
export async function runAction({ name, ctx, journal, input }: Action, work: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  journal.keep(await ctx.publish(`action.${name}.start`, { action: name, input }));
  try {
    await work();
  } catch (error) {
    const { name: type, message } = error instanceof Error ? error : new Error(String(error));
    const durationMs = performance.now() - startedAt;
    journal.keep(await ctx.publish(`action.${name}.failure`, { action: name, durationMs, error: { type, message } }));
    throw error;
  }
  const durationMs = performance.now() - startedAt;
  journal.keep(await ctx.publish(`action.${name}.success`, { action: name, durationMs }));
}
