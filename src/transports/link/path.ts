import { randomUUID } from "node:crypto";
import type { EventHeaders } from "../../event/event-init.ts";

/** The header that lists the buses an event was sent from, oldest first: short random ids, joined by commas. */
const VIA_HEADER = "spanbus-via";

/** How many buses an event may be sent from; a longer way is a loop that nobody on it can see. */
export const MAX_BUSES = 16;

const ids = new WeakMap<object, string>();

/** The id of a bus on the way of an event: unique, and the same for all its links. */
export function busIdOf(bus: object): string {
  let id = ids.get(bus);
  if (id === undefined) {
    id = randomUUID().replaceAll("-", "").slice(0, 16);
    ids.set(bus, id);
  }
  return id;
}

/** The buses an event was sent from. */
export function readPath(headers: EventHeaders): readonly string[] {
  const via = headers[VIA_HEADER];
  return via === undefined ? [] : via.split(",");
}

/** The headers with one more bus on the way. */
export function withBus(headers: EventHeaders, bus: string): EventHeaders {
  return { ...headers, [VIA_HEADER]: [...readPath(headers), bus].join(",") };
}
