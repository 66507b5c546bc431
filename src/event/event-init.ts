/** Headers of an event: W3C trace context, baggage and the caller's own; 8 KiB at most in total. */
export type EventHeaders = Readonly<Record<string, string>>;

/** What an event can be made of; only `name` is required where the bus has a default `source`. */
export interface EventInit<Name extends string = string, Data = unknown> {
  /** Dot-separated tokens: `order.placed`. */
  readonly name: Name;
  /** What the event carries. @default none */
  readonly data?: Data;
  /** Who publishes it. @default the bus's source; `createEvent` needs one */
  readonly source?: string | undefined;
  /** Unique; the key for de-duplication. @default a UUID v4 */
  readonly id?: string | undefined;
  /** What it belongs to: 1 to 128 characters of `[A-Za-z0-9._:-]`. @default inherited, else the trace id, else a UUID v4 */
  readonly correlationId?: string | undefined;
  /** The id of the event that caused it. @default that of the event being handled, else none */
  readonly causationId?: string | undefined;
  /** Milliseconds since the Unix epoch, a Date, or ISO 8601. @default the instant of publishing */
  readonly timestamp?: number | Date | string | undefined;
  /** How many causes came before. @default one more than that of the event being handled, else 0 */
  readonly depth?: number | undefined;
  readonly headers?: EventHeaders | undefined;
}

/** Data as handlers see it: its fields are readonly; `unknown` stays `unknown`. */
export type ReadonlyData<Data> = unknown extends Data ? Data : Readonly<Data>;
