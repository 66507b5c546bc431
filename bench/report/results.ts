import type { Outcome } from "../measure/run.ts";

/** One run of one contestant. */
export interface Measurement extends Outcome {
  readonly round: number;
  readonly scenario: string;
  readonly contestant: string;
  readonly what: "cpu" | "bytes";
}

/** Where and when a bench ran. */
export interface Circumstances {
  readonly date: string;
  readonly command: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly commit: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly seconds: number;
}

/** Answers questions about the measurements of one bench. */
export class Results {
  readonly measurements: readonly Measurement[];

  constructor(measurements: readonly Measurement[]) {
    this.measurements = measurements;
  }

  /** The median over rounds of the ratio of two contestants' CPU per publish within one round. */
  ratio(scenario: string, contestant: string, base: string, baseScenario: string = scenario): number | undefined {
    const bases = new Map(this.#runs(baseScenario, base, "cpu").map((run) => [run.round, run.cpuMicros]));
    const ratios = this.#runs(scenario, contestant, "cpu").map(({ round, cpuMicros = Number.NaN }) => {
      return cpuMicros / (bases.get(round) ?? Number.NaN);
    });
    return median(ratios);
  }

  /** Median CPU per publish in microseconds. */
  cpu(scenario: string, contestant: string): number | undefined {
    return median(this.#runs(scenario, contestant, "cpu").map((run) => run.cpuMicros ?? Number.NaN));
  }

  bytes(scenario: string, contestant: string): number | undefined {
    return median(this.#runs(scenario, contestant, "bytes").map((run) => run.bytes ?? Number.NaN));
  }

  /** The smallest share of spans that a run of this contestant exported. */
  exported(scenario: string, contestant: string): number | undefined {
    const shares = this.#runs(scenario, contestant, "cpu").map((run) => run.exported ?? Number.NaN);
    const known = shares.filter((share) => !Number.isNaN(share));
    return known.length === 0 ? undefined : Math.min(...known);
  }

  delayP99(scenario: string, contestant: string): number | undefined {
    return median(this.#runs(scenario, contestant, "cpu").map((run) => run.delayP99Ms ?? Number.NaN));
  }

  scenarios(what: "cpu" | "bytes"): string[] {
    return [...new Set(this.measurements.filter((each) => each.what === what).map((each) => each.scenario))];
  }

  contestants(scenario: string): string[] {
    return [...new Set(this.measurements.filter((each) => each.scenario === scenario).map((each) => each.contestant))];
  }

  get rounds(): number {
    return Math.max(...this.measurements.map((each) => each.round));
  }

  #runs(scenario: string, contestant: string, what: "cpu" | "bytes"): Measurement[] {
    return this.measurements.filter(
      (each) => each.scenario === scenario && each.contestant === contestant && each.what === what,
    );
  }
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
