import type { Scenario } from "./scenario.ts";

/** A handler of the bench: counts its calls, then does what the scenario says. */
export type Handler = (event: unknown) => unknown;

/** Publishes one event. A promise is awaited; without one, the handlers have run. */
export type Publish = () => unknown;

/** Who takes the telemetry of a contestant that makes any. */
export type Sdk = "startTelemetry" | "own";

/** One way to bring an event to its handlers. */
export interface Contestant {
  readonly name: string;
  /** What registers the SDK in modes with telemetry: spanbus's `startTelemetry`, or a plain SDK; undefined without telemetry. */
  readonly sdk?: Sdk | undefined;
  /** Whether a handler that throws leaves the handlers after it running. */
  readonly isolates: boolean;
  /** Whether publishing waits for asynchronous handlers. */
  readonly awaits: boolean;
  readonly wildcards: boolean;
  setUp(scenario: Scenario, handlers: readonly Handler[]): Promise<Publish>;
}

/** Whether a contestant can run a scenario at all. */
export function canRun(contestant: Contestant, { kind, subscribed, handlers, mode }: Scenario): boolean {
  if (kind === "async" && !contestant.awaits) return false;
  if (kind === "throwing" && handlers > 1 && !contestant.isolates) return false;
  if (subscribed === "wildcard" && !contestant.wildcards) return false;
  return mode === "silent" || contestant.sdk !== undefined;
}
