/**
 * Every code a `BusError` can carry, with what it means and what to do. The table of docs/errors.md is made from this
 * object, so it is data, not prose; nothing at run time reads it.
 */
export const ERROR_CODES = {
  INVALID_NAME: {
    meaning: "the event name is not 1 to 32 tokens of `[A-Za-z0-9_-]` (64 characters each, 255 in all) joined by dots",
    remedy: "rename the event; a published name holds no wildcard",
  },
  UNKNOWN_EVENT: {
    meaning: "the catalog has no event or template for this name, or for any name this pattern matches",
    remedy: 'add it to `defineEvents`, or set `unknownEvents: "allow"`',
  },
  INVALID_EVENT: {
    meaning: "a field of the event (source, id, correlation id, timestamp, headers, …) is missing or malformed",
    remedy: "read the message: it names the field, the value and the accepted form",
  },
  INVALID_DATA: {
    meaning: "the data does not match the event's schema, or the schema threw; `issues` lists every mismatch",
    remedy: "fix the data at the publisher, or the schema in the catalog",
  },
  HEADERS_TOO_LARGE: {
    meaning: "the headers exceed 8 KiB in total",
    remedy: "send less in headers; large values belong in the data",
  },
  DEPTH_EXCEEDED: {
    meaning: "the chain of causes is deeper than `maxDepth` (64): almost always a handler that triggers itself",
    remedy: "break the loop named in the message, or raise `maxDepth`",
  },
  DEADLOCK: {
    meaning: "a handler would wait for a delivery that can only start when that handler has ended",
    remedy: '`publish` with `wait: "accepted"`, or raise the `concurrency` of the subscription the message names',
  },
  QUEUE_FULL: {
    meaning: 'a delivery was dropped: the queue of its subscription is full, and its policy is `"reject"`',
    remedy: "raise `queue.capacity` or `concurrency`, or publish slower",
  },
  SCHEDULE_FULL: {
    meaning: "as many events as `maxScheduled` allows wait for their time",
    remedy: "raise `maxScheduled`, or keep what is due much later in a store",
  },
  BUS_CLOSED: {
    meaning: "the bus is closed",
    remedy: "publish and subscribe before `close()` or `drain()`",
  },
  BUS_DRAINING: {
    meaning: "the bus is draining: only the deliveries being drained may still publish",
    remedy: "stop the publishers before draining, or expect this refusal while stopping",
  },
  DRAIN_FROM_HANDLER: {
    meaning: "`drain()` was awaited inside a handler of the same bus, which would wait for itself",
    remedy: "call it from outside; `close()` may be called anywhere",
  },
  INVALID_PATTERN: {
    meaning: "the pattern is not a name whose tokens may be `*`, with `**` allowed as the last token only",
    remedy: "write `order.*` (one token), `order.**` (one or more) or `*` (every event)",
  },
  INVALID_HANDLER: {
    meaning: "the handler (or middleware) is not a function",
    remedy: "pass a function `(event, ctx) => …`",
  },
  INVALID_OPTION: {
    meaning: "an option has a value outside its range, or is unknown",
    remedy: "read the message: it names the option, the value and the range",
  },
  DUPLICATE_EVENT: {
    meaning: "two catalog entries define the same event, or templates that only differ in parameter names",
    remedy: "keep one of them; rename the other",
  },
  DELIVERY_FAILED: {
    meaning: "`strict` was set and at least one delivery failed; `errors` and `result` tell which",
    remedy: "handle it like any failed call; the failures themselves were settled as usual",
  },
  TIMEOUT: {
    meaning: "a handler took longer than its `timeoutMs`, or `waitFor` saw no matching event in time",
    remedy: "raise the limit or make the handler faster; pass `ctx.signal` on so that work stops",
  },
  ABORTED: {
    meaning: "the work was cut short by `close()`, a drain deadline, or the caller's signal",
    remedy: "nothing, if you stopped it; else drain with a longer deadline",
  },
  NON_ERROR_THROWN: {
    meaning: "a handler threw something that is not a readable Error; the original is the `cause`",
    remedy: "throw an `Error`",
  },
  HANDLER_DEAD_LETTERED: {
    meaning: "the handler called `ctx.deadLetter(reason)`",
    remedy: "inspect the dead letter, mend, replay",
  },
  HANDLER_DISCARDED: {
    meaning: "the handler called `ctx.discard(reason)`",
    remedy: "nothing: the handler chose to set the event aside",
  },
  HANDLER_REQUESTED_RETRY: {
    meaning: "the handler called `ctx.retryAfter(ms)`",
    remedy: "nothing, while attempts are left; else raise `retry.maxAttempts`",
  },
  NEXT_CALLED_TWICE: {
    meaning: "a middleware called `next()` a second time; the handler ran once",
    remedy: "call `next()` at most once; retrying is what `retry` is for",
  },
  DEAD_LETTER_NOT_FOUND: {
    meaning: "no dead letter has this id: it was replayed, removed or evicted",
    remedy: "list the dead letters again; raise `deadLetters.capacity` if they are evicted too soon",
  },
  DEAD_LETTER_BUSY: {
    meaning: "this dead letter is being replayed at this moment",
    remedy: "await the running replay",
  },
  SUBSCRIPTION_NOT_FOUND: {
    meaning: "the subscription of the dead letter has gone, and not exactly one active one has taken its name",
    remedy: "subscribe again under the same name, one handler to a name, then replay",
  },
  TRANSPORT_CLOSED: {
    meaning: "the transport is closed, or was closed while the call waited",
    remedy: "publish and subscribe before `close()`; close links before their transport",
  },
  TRANSPORT_FULL: {
    meaning: "the transport holds as much as it may, and too many wait for room or nobody makes any",
    remedy: "publish again later, settle faster, add subscriptions to the group, or raise its capacity",
  },
  TELEMETRY_PACKAGES_MISSING: {
    meaning: "`spanbus/instrumentation` found OpenTelemetry packages missing or of mixed versions",
    remedy: "run the install line in the message",
  },
  DASHBOARD_PACKAGE_MISSING: {
    meaning: "`@grafana/grafana-foundation-sdk`, which builds dashboards, is not installed",
    remedy: "run the install line in the message, or copy the generic dashboards out of the package",
  },
  INVALID_MODULE: {
    meaning: "the file given to `spanbus dashboards --from` cannot be loaded, or exports no one catalog or bus",
    remedy: "read the message: it names the file, what it exports, and what to export or choose",
  },
} as const;

/** The stable, machine-readable code of a {@link BusError}. */
export type BusErrorCode = keyof typeof ERROR_CODES;
