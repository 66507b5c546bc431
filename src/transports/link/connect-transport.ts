import { BusError, describeValue } from "../../errors.ts";
import type { Transport } from "../transport.ts";
import { Link, type LinkableBus } from "./link.ts";
import type { LinkReport } from "./link-report.ts";
import { type LinkOptions, linkSettings } from "./options.ts";

/**
 * What connects a bus and a transport; neither is closed with it. `bus.drain()` and `stopGracefully` see to the links of
 * the buses they drain where the transport is `volatile`.
 */
export interface TransportLink extends AsyncDisposable {
  /**
   * Stops receiving and waits for what was received, then stops sending and waits for what is being sent. What a
   * `volatile` transport holds for this link, and nobody else is there to take, is received first.
   *
   * @param options.deadlineMs longest wait in milliseconds, 10,000 by default; what is left then is cut, and goes back to
   * the transport
   */
  drain(options?: { readonly deadlineMs?: number }): Promise<LinkReport>;
  /** Stops now: what was received and not settled goes back to the transport. Idempotent. */
  close(): Promise<LinkReport>;
}

/**
 * Connects a bus to a transport: events that match `send` go out with the context they were published in, events that
 * match `receive` are published on the bus as they are: same id, correlation, causation, source, timestamp and depth. A
 * received event is settled when its deliveries are. It is not sent back, and a bus ignores what it sent itself.
 *
 * @throws BusError (as a rejection) `INVALID_OPTION`, and what the bus and the transport say of patterns, groups and
 * being closed
 * @example
 * await using link = await connectTransport(bus, transport, { send: "order.*", receive: "payment.*", group: "shop" });
 */
export async function connectTransport(
  bus: LinkableBus,
  transport: Transport,
  options: LinkOptions,
): Promise<TransportLink> {
  checkParties(bus, transport);
  const link = new Link(bus, transport, linkSettings(options));
  await link.open();
  return link;
}

function checkParties(bus: unknown, transport: unknown): void {
  const { subscribe } = (bus ?? {}) as { subscribe?: unknown };
  if (typeof subscribe !== "function") {
    throw new BusError("INVALID_OPTION", `connectTransport: expected an EventBus, got ${describeValue(bus)}`);
  }
  const { publish, capabilities } = (transport ?? {}) as { publish?: unknown; capabilities?: unknown };
  if (typeof publish !== "function" || capabilities === undefined) {
    throw new BusError("INVALID_OPTION", `connectTransport: expected a transport, got ${describeValue(transport)}`);
  }
}
