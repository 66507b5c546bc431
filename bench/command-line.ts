import { parseArgs } from "node:util";

/** What the bench was asked to do. */
export interface BenchOptions {
  readonly isQuick: boolean;
  readonly filter: RegExp;
  /** Rounds at most: each measures everything once, in a new order. */
  readonly rounds: number;
  /** No measurement starts later than this after the first, in seconds. */
  readonly budgetS: number;
  /** Whether the results are to be kept: in `bench/results/latest.json` and the pages. */
  readonly isKept: boolean;
  /** Whether only the pages are to be written again, from what was kept. */
  readonly isRender: boolean;
}

export const USAGE = `npm run bench -- [options]
  --quick            the most telling scenarios, one round, under two minutes
  --filter <regexp>  only what matches "scenario contestant": --filter "batch/sync/exact/5", --filter "^bytes .*spanbus"
  --rounds <n>       3 by default, 1 with --quick
  --budget <s>       no measurement starts later than this, 520 by default, 90 with --quick
  --no-write         leave bench/results/latest.json and docs/performance.md as they are (so do --quick and --filter)
  --render           measure nothing: write the tables of docs/performance.md and README.md from bench/results/latest.json`;

export function readCommandLine(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      filter: { type: "string" },
      rounds: { type: "string" },
      budget: { type: "string" },
      "no-write": { type: "boolean", default: false },
      render: { type: "boolean", default: false },
    },
  });
  const isQuick = values.quick;
  return {
    isQuick,
    filter: new RegExp(values.filter ?? ""),
    rounds: positive("rounds", values.rounds ?? (isQuick ? "1" : "3")),
    budgetS: positive("budget", values.budget ?? (isQuick ? "90" : "520")),
    isKept: !(values["no-write"] || isQuick || values.filter !== undefined),
    isRender: values.render,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, got "${text}"`);
  return value;
}
