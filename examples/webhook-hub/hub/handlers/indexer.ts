import type { HubHandler } from "../catalog.ts";
import { eventTypeOf } from "../event-type.ts";
import type { Journal } from "../journal.ts";
import type { RepositoryIndex } from "../repository-index.ts";

/** Keeps the index of repositories, and tells the first time it sees one. */
export function indexer(index: RepositoryIndex, journal: Journal): HubHandler {
  return async ({ name, data }, ctx) => {
    const repository = data.repository?.full_name;
    if (!repository || !index.add(repository, eventTypeOf(name))) return;
    journal.keep(await ctx.publish("resource.registered", { resource: repository, kind: "repository" }));
  };
}
