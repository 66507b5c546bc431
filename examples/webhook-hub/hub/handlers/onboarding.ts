import { runAction } from "../action.ts";
import type { HubHandler } from "../catalog.ts";
import type { Journal } from "../journal.ts";
import type { Remote } from "../remote.ts";

/** Sets up what a newly seen repository needs. */
export function onboarding(registry: Remote, journal: Journal): HubHandler<{ readonly resource: string }> {
  return async ({ data }, ctx) => {
    const { resource } = data; // the key: which of its webhooks comes first is chance
    await runAction({ name: "onboard", ctx, journal, input: resource }, () =>
      registry.call({ key: resource, attempt: ctx.attempt, signal: ctx.signal }),
    );
  };
}
