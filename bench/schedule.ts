import type { BenchOptions } from "./command-line.ts";
import type { Contestant } from "./contestant.ts";
import type { Job } from "./measure/run.ts";
import { runInChild } from "./measure/run-child.ts";
import type { Group } from "./plan.ts";
import type { Measurement } from "./report/results.ts";
import { type Mode, scenarioName } from "./scenario.ts";

/** Publishing times of one run, in milliseconds; code that makes spans takes longer until it is optimised. */
const TIMES: Readonly<Record<Mode, Pick<Job, "warmUpMs" | "windowMs">>> = {
  silent: { warmUpMs: 250, windowMs: 250 },
  unsampled: { warmUpMs: 800, windowMs: 500 },
  batch: { warmUpMs: 1800, windowMs: 500 },
  otlp: { warmUpMs: 1800, windowMs: 500 },
  paced: { warmUpMs: 1500, windowMs: 3000 },
};

export interface Setting {
  readonly endpoint: string;
  readonly builtPackage: string;
  readonly log: (line: string) => void;
}

/** Measures every group, round after round, in a new order each time, one child process after the other. */
export async function runSchedule(
  plan: readonly Group[],
  { rounds, budgetS }: Pick<BenchOptions, "rounds" | "budgetS">,
  setting: Setting,
): Promise<Measurement[]> {
  const deadline = performance.now() + budgetS * 1000;
  const measurements: Measurement[] = [];
  for (let round = 1; round <= rounds; round++) {
    // bytes do not vary from run to run; a group stays together, so that its contestants meet the same neighbours
    for (const group of shuffled(plan.filter(({ what }) => what === "cpu" || round === 1))) {
      for (const contestant of shuffled(group.contestants)) {
        if (performance.now() > deadline) return measurements;
        measurements.push(await measureOne(group, contestant, { ...setting, round }));
      }
    }
  }
  return measurements;
}

async function measureOne(
  { scenario, what }: Group,
  contestant: Contestant,
  { endpoint, builtPackage, log, round }: Setting & { readonly round: number },
): Promise<Measurement> {
  const isSilent = scenario.mode === "silent";
  const job: Job = {
    contestant: contestant.name,
    scenario,
    what,
    ...TIMES[scenario.mode],
    endpoint: isSilent ? "" : endpoint,
  };
  const name = scenarioName(scenario);
  try {
    const outcome = await runInChild(job, builtPackage);
    const figure = what === "bytes" ? `${outcome.bytes} B` : `${outcome.cpuMicros?.toFixed(3)} µs`;
    log(`round ${round}  ${name.padEnd(26)} ${contestant.name.padEnd(36)} ${figure}`);
    return { round, scenario: name, contestant: contestant.name, what, ...outcome };
  } catch (error: unknown) {
    throw new Error(`${contestant.name} failed in ${name}`, { cause: error });
  }
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
