import { type BusEvent, createEvent } from "../event/event.ts";
import type { EventInit } from "../event/event-init.ts";

/** The instant of events made by {@link testEvent}: 2000-01-01T00:00:00Z, in milliseconds since the Unix epoch. */
const TEST_EPOCH_MS = 946_684_800_000;

let made = 0;

/** The next of a row of ids in the form of UUIDs. */
export function countedId(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

/**
 * An event to hand to a handler, or to publish: whatever `init` leaves out is filled in: the name `test.happened`, the
 * source `test`, the instant 2000-01-01T00:00:00Z and an id of its own.
 *
 * @throws BusError `INVALID_NAME`, `INVALID_EVENT` or `HEADERS_TOO_LARGE`, as `createEvent` does
 * @example
 * await chargeOrder(testEvent({ name: "order.placed", data: { orderId: "o-1" } }));
 */
export function testEvent<const Name extends string = "test.happened", Data = undefined>(
  init: Partial<EventInit<Name, Data>> = {},
): BusEvent<Name, Data> {
  const defaults = { name: "test.happened" as Name, source: "test", id: countedId(++made), timestamp: TEST_EPOCH_MS };
  return createEvent<Name, Data>({ ...defaults, ...init } as EventInit<Name, Data> & { source: string });
}
