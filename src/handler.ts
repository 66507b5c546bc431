import type { BusEvent } from "./event/event.ts";
import type { Logger } from "./logger.ts";
import type { PublishOptions } from "./options.ts";
import type { PublishResult } from "./outcome.ts";

/** Reacts to an event. What it throws stays inside its error boundary; what it returns is awaited and ignored. */
export type Handler<Event extends BusEvent = BusEvent, Publish = UntypedPublish> = (
  event: Event,
  ctx: HandlerContext<Publish>,
) => unknown;

/** A handler with or without middleware around it. */
export type Invoke = (event: BusEvent, ctx: HandlerContext) => unknown;

/** Runs around a handler, once per attempt, inside its process span and timeout. Not calling `next` counts as handled. */
export type Middleware = (event: BusEvent, ctx: HandlerContext, next: () => unknown) => unknown;

/** `publish` of a bus without a catalog. */
export type UntypedPublish = (
  event: string | { readonly name: string },
  data?: unknown,
  options?: PublishOptions | undefined,
) => Promise<PublishResult>;

/**
 * What a handler can see of, and do to, the attempt it runs in. Its members may be destructured. As it stands, `publish`
 * takes anything; that of a bus with a catalog is `ContextOf<typeof events>`.
 */
export interface HandlerContext<Publish = UntypedPublish> {
  /** The name of the subscription. */
  readonly subscription: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborted when the attempt times out or is cut short; pass it on to `fetch`, timers and database calls. */
  readonly signal: AbortSignal;
  /** The bus's logger with the trace, correlation, causation and event ids of this attempt. */
  readonly log: Logger;
  /** Publishes as an effect of this event: same correlation id, causation id set, traced under this attempt. */
  readonly publish: Publish;
  /** Ends the delivery as `failed`, `dead_lettered`, when the handler returns: no further attempt. */
  deadLetter(reason: string): void;
  /** Ends the delivery as `failed`, `discarded`, when the handler returns: no error handler, no dead letter. */
  discard(reason: string): void;
  /** Fails this attempt when the handler returns; the next one, if any is left, starts after `delayMs`. */
  retryAfter(delayMs: number): void;
}
