import type { Fault } from "../faults/fault.ts";
import { FAULTS } from "../faults/faults.ts";
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
};

/** The faults that some panel needs. */
export function faultsOfPanels(): readonly Fault[] {
  const names = new Set(Object.values(NEEDS).flatMap((need) => ("fault" in need ? [need.fault] : [])));
  return FAULTS.filter(({ name }) => names.has(name));
}

/** What the dashboard's variables are set to when this panel is asked for data. */
export function variablesFor({ board, title }: PanelQuery, { failures }: HubRun): Variables {
  const need = NEEDS[`${board}: ${title}`] ?? { handler: HANDLER };
  const one = "fault" in need ? { service: need.fault, handler: "billing" } : { service: HUB, handler: need.handler };
  const chosen = board === "handler" ? one : { ...one, handler: ".+" };
  return { ...chosen, environment: ".*", event: ".+", correlation: failures[0]?.traceId ?? "" };
}
