import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type Contestant, canRun, type Publish } from "../contestant.ts";
import { findContestant } from "../contestants.ts";
import { type Scenario, scenarioName } from "../scenario.ts";
import { measureBytes } from "./bytes.ts";
import { checkCalls, countedHandlers, DECOYS, decoysRan } from "./handlers.ts";
import { publishFor, publishMany, publishPaced } from "./loop.ts";
import type { Job, Outcome } from "./run.ts";
import { spansReceived } from "./sink-client.ts";
import { type BenchTelemetry, startBenchTelemetry } from "./telemetry.ts";

const PACED_PER_MS = 10;
const CHECKED = 20;
const DECOY_EVENTS = 1000;

/** Does the job in this process, which should do nothing else, before or after. */
export async function measure(job: Job): Promise<Outcome> {
  const { scenario } = job;
  const contestant = findContestant(job.contestant);
  if (!canRun(contestant, scenario)) throw new Error(`${contestant.name} cannot run ${scenarioName(scenario)}`);
  const telemetry = await startBenchTelemetry(scenario.mode, contestant.sdk, job.endpoint);
  await publishToDecoys(contestant, scenario);
  await telemetry?.flush();
  const { handlers, calls } = countedHandlers(scenario);
  const publish = await contestant.setUp(scenario, handlers);
  await publishMany(publish, CHECKED);
  await sleep(5);
  checkCalls(calls, CHECKED); // before anything is measured: a contestant that skips handlers is fast
  const { publishes, ...outcome } = await measured(job, publish, telemetry);
  await sleep(5);
  checkCalls(calls, CHECKED + publishes);
  const exported = await exportedShare(job, telemetry, CHECKED + publishes);
  return { ...outcome, publishes, exported };
}

async function publishToDecoys(contestant: Contestant, scenario: Scenario): Promise<void> {
  const publish = await contestant.setUp({ ...scenario, handlers: DECOYS.length, kind: "async" }, DECOYS);
  await publishMany(publish, DECOY_EVENTS);
  await sleep(5);
  if (!decoysRan()) throw new Error(`${contestant.name} did not reach the handlers that are not counted`);
}

function measured(job: Job, publish: Publish, telemetry: BenchTelemetry | undefined): Promise<Outcome> {
  const flush = async (): Promise<void> => telemetry?.flush();
  if (job.what === "bytes") return measureBytes(publish, job.scenario, flush);
  return job.scenario.mode === "paced" ? measurePaced(job, publish, flush) : measureCpu(job, publish, flush);
}

/** CPU per publish of a loop that publishes as fast as it can, the export of what it made included. */
async function measureCpu(
  { scenario, warmUpMs, windowMs }: Job,
  publish: Publish,
  flush: () => Promise<void>,
): Promise<Outcome> {
  const warmedUp = await publishFor(publish, scenario, warmUpMs);
  await flush();
  const before = process.cpuUsage();
  const counted = await publishFor(publish, scenario, windowMs);
  await flush();
  const { user, system } = process.cpuUsage(before);
  return { publishes: warmedUp + counted, cpuMicros: (user + system) / counted };
}

async function measurePaced(
  { warmUpMs, windowMs }: Job,
  publish: Publish,
  flush: () => Promise<void>,
): Promise<Outcome> {
  const warmedUp = await publishPaced(publish, PACED_PER_MS, warmUpMs);
  await flush();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const counted = await publishPaced(publish, PACED_PER_MS, windowMs);
  const seconds = (performance.now() - startedAt) / 1000;
  delay.disable();
  await flush();
  const { user, system } = process.cpuUsage(before);
  return {
    publishes: warmedUp + counted,
    cpuMicros: (user + system) / counted,
    delayP99Ms: delay.percentile(99) / 1e6,
    rate: counted / seconds,
  };
}

/** The share of the spans that should have been made which arrived: one for each publish and each handler. */
async function exportedShare(
  { scenario, endpoint }: Job,
  telemetry: BenchTelemetry | undefined,
  publishes: number,
): Promise<number | undefined> {
  if (telemetry === undefined || scenario.mode === "unsampled") return undefined;
  await telemetry.flush();
  await sleep(20);
  const exported = telemetry.exported() ?? (await spansReceived(endpoint));
  const decoySpans = DECOY_EVENTS * (1 + DECOYS.length);
  return (exported - decoySpans) / (publishes * (1 + scenario.handlers));
}
