import { OptionCheck } from "../../check.ts";
import { BusError } from "../../errors.ts";
import type { IncomingTrace, SubscribeOptions } from "../../options.ts";

/** Options of `connectTransport()`; at least one of `send` and `receive`. */
export interface LinkOptions {
  /** Events published on the bus that match this pattern are sent. @default none */
  readonly send?: string | undefined;
  /** Events on the transport that match this pattern are published on the bus. @default none */
  readonly receive?: string | undefined;
  /** Shares what is received with the other links of this group: each event goes to one of them. @default none */
  readonly group?: string | undefined;
  /** Where receiving starts, for a new group or without one. @default "new" */
  readonly from?: "new" | "oldest" | undefined;
  /** How many events are received at once; above 1 they may overtake each other. @default 1 */
  readonly maxInFlight?: number | undefined;
  /**
   * What becomes of trace context that arrives: `"trust"` continues the sender's trace and takes its baggage, `"link"`
   * starts a trace linked to it: for transports that others can publish to. @default "trust"
   */
  readonly incoming?: IncomingTrace | undefined;
  /**
   * How a received event is settled on the transport of which a delivery was dead-lettered by the bus: the bus has retried
   * it and keeps it, so `"ack"`; `"dead-letter"` sets it aside on the transport too, `"retry"` delivers it again, to the
   * subscriptions that handled it as well. @default "ack"
   */
  readonly onFailure?: "ack" | "retry" | "dead-letter" | undefined;
  /** How often an event is received before it is set aside, where the transport counts. @default 5 */
  readonly maxAttempts?: number | undefined;
  /** How long an event that is to be received again waits, in milliseconds. @default 1000 */
  readonly retryDelayMs?: number | undefined;
  /**
   * Of the subscription that sends. What fails for good is a dead letter of the bus: replaying it sends it.
   * @default { name: "transport", timeoutMs: 10_000, retry: { maxAttempts: 3 } }
   */
  readonly sending?: Pick<SubscribeOptions, "name" | "timeoutMs" | "retry" | "spans" | "trace"> | undefined;
}

/** Link options with every default filled in. */
export interface LinkSettings {
  readonly send: string | undefined;
  readonly receive: string | undefined;
  readonly group: string | undefined;
  readonly from: "new" | "oldest";
  readonly maxInFlight: number;
  readonly incoming: IncomingTrace;
  readonly onFailure: "ack" | "retry" | "dead-letter";
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  readonly sending: SubscribeOptions;
}

const OPTIONS: readonly string[] = [
  "send",
  "receive",
  "group",
  "from",
  "maxInFlight",
  "incoming",
  "onFailure",
  "maxAttempts",
  "retryDelayMs",
  "sending",
];

/** Checks the options of a link, once, and fills in every default; patterns and groups are for bus and transport to judge. */
export function linkSettings(options: LinkOptions): LinkSettings {
  const check = new OptionCheck("connectTransport", options, OPTIONS);
  check.oneOf("from", ["new", "oldest"]);
  check.number("maxInFlight", { min: 1, max: 100_000, integer: true });
  check.oneOf("incoming", ["trust", "link", "ignore"]);
  check.oneOf("onFailure", ["ack", "retry", "dead-letter"]);
  check.number("maxAttempts", { min: 1, max: 1_000_000, integer: true });
  check.timer("retryDelayMs");
  check.object("sending");
  if (options?.send === undefined && options?.receive === undefined) {
    throw new BusError("INVALID_OPTION", "connectTransport: say which events to send, to receive, or both");
  }
  return {
    send: options.send,
    receive: options.receive,
    group: options.group,
    from: options.from ?? "new",
    maxInFlight: options.maxInFlight ?? 1,
    incoming: options.incoming ?? "trust",
    onFailure: options.onFailure ?? "ack",
    maxAttempts: options.maxAttempts ?? 5,
    retryDelayMs: options.retryDelayMs ?? 1000,
    sending: {
      timeoutMs: 10_000,
      retry: { maxAttempts: 3 },
      ...options.sending,
      name: options.sending?.name ?? "transport", // without one it would be named after our handler
    },
  };
}
