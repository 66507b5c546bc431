import { readFile } from "node:fs/promises";
import { z } from "zod";

/** One real webhook. */
export interface Recording {
  /** `issues` */
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const examples = z.array(z.object({ name: z.string(), examples: z.array(z.record(z.string(), z.unknown())) }));

/** The payloads that people contributed to `@octokit/webhooks-examples`: by default those of github.com, else of a `ghes-*`. */
export async function loadRecordings(host = "api.github.com"): Promise<readonly Recording[]> {
  const file = new URL(`${host}/index.json`, import.meta.resolve("@octokit/webhooks-examples/package.json"));
  const definitions = examples.parse(JSON.parse(await readFile(file, "utf8")));
  return definitions.flatMap(({ name, examples: payloads }) => payloads.map((payload) => ({ event: name, payload })));
}
