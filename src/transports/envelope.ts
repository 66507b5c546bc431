import { BusError } from "../errors.ts";
import type { EventHeaders } from "../event/event-init.ts";
import { readEvent } from "../event/event-rules.ts";
import type { Envelope } from "./transport.ts";

/**
 * A frozen copy of what came as an envelope, from a publisher or off a wire: each field is read once, checked, and
 * nothing else is taken over. The data is passed on by reference.
 *
 * @throws BusError `INVALID_NAME`, `INVALID_EVENT` or `HEADERS_TOO_LARGE`, naming the field and the accepted form
 */
export function readEnvelope(given: unknown): Envelope {
  const event = readEvent(given, { sourceRequired: true });
  if ("problem" in event) {
    const { code, problem, cause } = event;
    throw new BusError(code, `not an envelope: ${problem}`, cause === undefined ? undefined : { cause });
  }
  const { id, name, data, source = "", correlationId, causationId, timestamp, depth = 0, headers } = event;
  if (id === undefined || correlationId === undefined || timestamp === undefined) {
    const missing = id === undefined ? "id" : correlationId === undefined ? "correlationId" : "timestamp";
    throw new BusError("INVALID_EVENT", `not an envelope: ${missing} is missing; make envelopes with event.toJSON()`);
  }
  return Object.freeze({
    id,
    name,
    data,
    source,
    correlationId,
    ...(causationId === undefined ? undefined : { causationId }),
    timestamp: new Date(timestamp).toISOString(),
    depth,
    headers: headers === undefined ? NO_HEADERS : Object.freeze(headers),
  });
}

const NO_HEADERS: EventHeaders = Object.freeze({});
