/** What the handlers of a run do. */
type HandlerKind = "sync" | "async" | "throwing";

/** How handlers are subscribed: to the event's name, or to a pattern that matches it. */
type Subscribed = "exact" | "wildcard";

/**
 * What listens to telemetry: nobody; an SDK that samples no trace but takes metrics; one that batches every span to an
 * exporter that drops them; one that sends OTLP JSON to a process on this machine; the same at 10,000 publishes a second.
 */
export type Mode = "silent" | "unsampled" | "batch" | "otlp" | "paced";

/** One thing to measure, of any contestant. */
export interface Scenario {
  readonly mode: Mode;
  readonly handlers: number;
  readonly kind: HandlerKind;
  readonly subscribed: Subscribed;
}

/** The name everything of a scenario goes by: `batch/sync/exact/5`. */
export function scenarioName({ mode, kind, subscribed, handlers }: Scenario): string {
  return `${mode}/${kind}/${subscribed}/${handlers}`;
}

export const EVENT_NAME = "order.placed";
const WILDCARD = "order.*";

/** The data of every event. */
export const DATA = { orderId: "o-1", total: 12 } as const;

/** The pattern of a scenario's subscriptions. */
export function patternOf({ subscribed }: Scenario): string {
  return subscribed === "exact" ? EVENT_NAME : WILDCARD;
}
