import { type LinkedTransport, partnersOf } from "../bus/drain-partners.ts";
import type { Transport, UnsettledEnvelope } from "../transports/transport.ts";
import type { BusStop } from "./drain-bus.ts";
import type { StoppableBus } from "./stop-options.ts";
import type { CutWork } from "./stop-report.ts";
import { GRACE_MS, within } from "./within.ts";

/** The links of a bus to transports that end with this process. */
export function volatileLinksOf(bus: StoppableBus): LinkedTransport[] {
  const links = [...(partnersOf(bus)?.links ?? [])];
  return links.filter(({ transport }) => transport.capabilities.volatile);
}

/** The transports that these buses are linked to, each once, that end with this process. */
export function volatileTransportsOf(buses: readonly StoppableBus[]): Transport[] {
  return [...new Set(buses.flatMap(volatileLinksOf).map(({ transport }) => transport))];
}

/** The links of the buses of a stop, and how each of those went. */
export interface LinkedStop {
  readonly links: readonly LinkedTransport[];
  readonly stop: BusStop | undefined;
}

/**
 * What the transports took over, and nobody has handled: each event once for each group or subscription that it was held
 * for. What a link had handed over to a bus that cut it is named by that already.
 */
export async function leftInTransports(stopped: readonly LinkedStop[]): Promise<CutWork[]> {
  const ends = stopped.flatMap(({ links }) => links.map((link) => link.end()));
  await within(Promise.all(ends), GRACE_MS);
  const left: UnsettledEnvelope[] = [];
  const known = new Set<string>();
  for (const { links, stop } of stopped) {
    const cut = new Set(stop?.cut.map(({ eventId }) => eventId));
    for (const each of links.flatMap((link) => link.left)) {
      if (each.group !== undefined && known.has(keyOf(each))) continue;
      if (each.group !== undefined) known.add(keyOf(each)); // links of a group share it; without one, each had its own
      if (!cut.has(each.envelope.id)) left.push(each);
    }
  }
  const transports = new Set(stopped.flatMap(({ links }) => links.map(({ transport }) => transport)));
  for (const each of [...transports].flatMap((transport) => transport.unsettled())) {
    if (known.has(keyOf(each))) continue; // several transports may hold the same, of one engine
    known.add(keyOf(each));
    left.push(each);
  }
  return left.map(describe);
}

function keyOf({ envelope, pattern, group }: UnsettledEnvelope): string {
  return `${envelope.id} ${pattern} ${group}`;
}

function describe({ envelope: { id, name, correlationId }, pattern, group }: UnsettledEnvelope): CutWork {
  return { eventId: id, eventName: name, correlationId, subscription: group ?? pattern, reason: "transport" };
}
