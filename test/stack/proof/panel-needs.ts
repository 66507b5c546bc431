import type { Fault } from "../faults/fault.ts";
import { ALL_FAULTS } from "../faults/faults.ts";
import type { HubRun } from "../programs/replay-hub.ts";
import { HUB } from "./hub-run.ts";
import type { PanelQuery, Variables } from "./panels.ts";

/** Whose data a panel shows when all is well enough: the webhook hub's, and a handler of it that fails and retries. */
const HANDLER = "warehouse";

/** Panels that stay empty unless something special goes wrong, and what has to: a handler of the hub, or a fault. */
const NEEDS: Readonly<Record<string, { readonly handler: string } | { readonly fault: string }>> = {
  "handler: Timeouts": { handler: "dependency-scanner" },
  "handler: Late results": { handler: "dependency-scanner" },
  "handler: Unrouted events": { fault: "unrouted-events" },
  "overview: Unrouted events": { fault: "unrouted-events" },
  "handler: Queues, share in use": { fault: "full-queue" },
  "overview: Queues, share in use": { fault: "full-queue" },
  "handler: Scheduled events": { fault: "full-queue" },
  "overview: Scheduled events": { fault: "full-queue" },
  "overview: Guard trips": { fault: "guard-trips" },
  "telemetry: Guard trips": { fault: "guard-trips" },
  "telemetry: Guard trips, by part": { fault: "guard-trips" },
  "telemetry: Events without a label of their own": { fault: "nameless-events" },
};

/** The faults that some panel needs. */
export function faultsOfPanels(): readonly Fault[] {
  const names = new Set(Object.values(NEEDS).flatMap((need) => ("fault" in need ? [need.fault] : [])));
  return ALL_FAULTS.filter(({ name }) => names.has(name));
}

/** What the dashboard's variables are set to when this panel is asked for data. */
export function variablesFor({ board, title, target }: PanelQuery, { failures }: HubRun): Variables {
  const need = NEEDS[`${board}: ${title}`] ?? { handler: HANDLER };
  const one = "fault" in need ? { service: need.fault, handler: "billing" } : { service: HUB, handler: need.handler };
  const [failure] = failures;
  // A correlation id that the bus made is a trace id; those of the webhooks are GitHub's.
  const correlation = target.kind === "trace" ? failure?.traceId : failure?.correlationId;
  const handler = board === "handler" ? one.handler : ".+";
  return { service: one.service, handler, environment: ".*", event: ".+", correlation: correlation ?? "" };
}
