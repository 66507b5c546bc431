import { fail, readArguments } from "../scripts/program.ts";
import { readCommandLine, USAGE } from "./command-line.ts";
import { keepBuiltPackage } from "./measure/built-package.ts";
import { startSink } from "./measure/sink-client.ts";
import { installPeers } from "./peers/install.ts";
import { allNames, makePlan } from "./plan.ts";
import { circumstances } from "./report/circumstances.ts";
import { keepResults, renderKept } from "./report/keep.ts";
import { toMarkdown } from "./report/markdown.ts";
import { Results } from "./report/results.ts";
import { runSchedule } from "./schedule.ts";

/** `npm run bench`: see USAGE. Exits with 1 when a contestant did not run every handler. */
async function main(args: readonly string[]): Promise<void> {
  const options = readArguments(args, USAGE, readCommandLine);
  if (options.isRender) return renderKept();
  const plan = makePlan(options);
  if (plan.length === 0) {
    fail(`nothing to measure matches --filter ${options.filter.source}; it is matched against "scenario contestant".
${allNames(options).join("\n")}`);
  }
  const startedAt = performance.now();
  installPeers();
  const builtPackage = keepBuiltPackage();
  using sink = await startSink();
  const setting = { endpoint: sink.endpoint, builtPackage, log: (line: string) => console.error(line) };
  const results = new Results(await runSchedule(plan, options, setting));
  const command = ["npm run bench", ...(args.length === 0 ? [] : ["--", ...args])].join(" ");
  const about = circumstances(command, (performance.now() - startedAt) / 1000);
  console.log(toMarkdown(results, about));
  if (options.isKept) keepResults(results, about);
}

await main(process.argv.slice(2));
