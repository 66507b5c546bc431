import { pathToFileURL } from "node:url";
import { keepBuiltPackage } from "./measure/built-package.ts";
import { runInChild } from "./measure/run-child.ts";
import { startSink } from "./measure/sink-client.ts";
import { parseScenario } from "./plan.ts";

/**
 * Bytes that one publish allocates in a scenario such as `batch/sync/exact/5`, measured in a child process on the built
 * package; the same to a few tenths of a percent from run to run, whatever else the machine does.
 */
export async function bytesPerPublish(scenario: string, contestant = "spanbus"): Promise<number> {
  using sink = await startSink();
  const job = {
    contestant,
    scenario: parseScenario(scenario),
    what: "bytes",
    warmUpMs: 0,
    windowMs: 0,
    endpoint: sink.endpoint,
  } as const;
  const { bytes = Number.NaN } = await runInChild(job, keepBuiltPackage());
  return bytes;
}

// node bench/bytes.ts batch/sync/exact/5 "spanbus ambient:false"
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [scenario = "silent/sync/exact/1", contestant = "spanbus"] = process.argv.slice(2);
  console.log(await bytesPerPublish(scenario, contestant));
}
