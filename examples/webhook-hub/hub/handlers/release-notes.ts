import { z } from "zod";
import type { HubHandler } from "../catalog.ts";

const release = z.object({ tag_name: z.string().max(200), body: z.string().nullable() });

/** There is nothing to write about: part of the business, no failure. */
export class NothingToTell extends Error {
  override readonly name = "NothingToTell";
}

/** Drafts notes for a release. @throws NothingToTell for one whose author wrote none */
export function releaseNotes(drafts: Map<string, string>): HubHandler {
  return ({ data }) => {
    const { tag_name: tag, body } = release.parse(data.release);
    if (body === null) throw new NothingToTell(`the release ${tag} has no notes`);
    drafts.delete(tag); // the latest draft is the last, the oldest the first to go
    drafts.set(tag, `# ${tag}\n\n${body.slice(0, 10_000)}`);
    const [oldest] = drafts.keys();
    if (drafts.size > MAX_DRAFTS && oldest !== undefined) drafts.delete(oldest);
  };
}

const MAX_DRAFTS = 100;
