import type { Scenario } from "../scenario.ts";

/** What one child process is asked to do. */
export interface Job {
  readonly contestant: string;
  readonly scenario: Scenario;
  readonly what: "cpu" | "bytes";
  /** How long to publish before anything is measured: cpuUsage counts the optimiser's threads too. In milliseconds. */
  readonly warmUpMs: number;
  /** How long to publish while measuring, in milliseconds. */
  readonly windowMs: number;
  /** Where the sink takes OTLP; empty in modes without. */
  readonly endpoint: string;
}

/** What a child process measured. */
export interface Outcome {
  readonly publishes: number;
  /** CPU time of the process per publish, in microseconds. */
  readonly cpuMicros?: number | undefined;
  /** Bytes allocated per publish. */
  readonly bytes?: number | undefined;
  /** The share of its spans that reached the exporter, from 0 to 1; undefined where none is made. */
  readonly exported?: number | undefined;
  /** Event loop delay of a paced run, in milliseconds. */
  readonly delayP99Ms?: number | undefined;
  /** Publishes a second that a paced run reached. */
  readonly rate?: number | undefined;
}

/** What a child process answers. */
export type Answer = { readonly outcome: Outcome } | { readonly problem: string };
