import * as api from "@opentelemetry/api";
import type { EventRecord } from "../event/event.ts";
import type { DeliveryDisposition, DeliveryOutcome } from "../outcome.ts";
import { ignoreRejection } from "../thenable.ts";
import { traceFields } from "./active.ts";
import { contextWithSpan } from "./context-with-span.ts";
import { emitException } from "./exceptions.ts";
import type { Guard } from "./guard.ts";
import type { AttributeWriter } from "./process.ts";
import { ATTRIBUTES, LOG_EVENTS } from "./semconv.ts";
import { fillProcess, fillPublish, type SpanStart } from "./span-start.ts";
import type {
  AttemptNote,
  Destination,
  Failure,
  ProcessSpan,
  ProcessSpanOptions,
  PublishSpan,
  SpanFailure,
  TraceContext,
} from "./telemetry.ts";

/** Counts what one bus started and ended, so that a leaked span shows. */
export interface SpanCount {
  started: number;
  ended: number;
}

/** A span the SDK has just started. */
export interface StartedSpan {
  readonly span: api.Span;
  /** The context it was started in. */
  readonly parent: api.Context;
  readonly guard: Guard;
  readonly count: SpanCount;
  readonly start: SpanStart;
  /** Whether `startSpan` was given the attributes of the start; not where nobody looks at them there. */
  readonly hasAttributes: boolean;
  /** Gives the span all its attributes at once; undefined where they must be set one by one. */
  readonly write: AttributeWriter | undefined;
}

/** The part that publish and process spans share: counting, and never letting the SDK throw. */
abstract class GuardedSpan {
  readonly context: TraceContext;
  readonly traceId: string;
  readonly spanId: string;
  readonly isRecording: boolean;
  readonly span: api.Span;
  readonly guard: Guard;
  readonly #count: SpanCount;

  constructor({ span, parent, guard, count, start, hasAttributes, write }: StartedSpan) {
    const { traceId, spanId } = span.spanContext();
    this.span = span;
    this.traceId = traceId;
    this.spanId = spanId;
    this.isRecording = span.isRecording();
    this.context = contextWithSpan(parent, span) as unknown as TraceContext;
    this.guard = guard;
    this.#count = count;
    count.started++;
    if (!hasAttributes && write === undefined && this.isRecording) span.setAttributes(start.attributes);
  }

  logFields(): Record<string, unknown> {
    return this.guard.run("span", () => traceFields(this.span.spanContext()), {});
  }

  addException(failure: Failure, logEvent: string, severity: api.SeverityNumber): void {
    emitException(this.span, failure, { logEvent, severity, context: this.context as unknown as api.Context });
  }

  /** The catalog's own attributes; an extractor that throws costs its attribute, nothing else. */
  extractAttributes({ extract }: Destination, event: EventRecord): void {
    if (extract === undefined) return;
    const values = extract(event.data, (error) => this.guard.trip("attribute_extractor", error));
    for (const [key, value] of Object.entries(values)) {
      if (value === undefined) continue;
      try {
        if (!isAttributeValue(value)) {
          ignoreRejection(value);
          throw new TypeError(`${key} is no attribute value`);
        }
        this.span.setAttribute(key, value);
      } catch (error) {
        this.guard.trip("attribute_extractor", error); // a hostile array, say: it costs this attribute only
      }
    }
  }

  close(): void {
    this.#count.ended++;
    try {
      this.span.end();
    } catch (error) {
      this.guard.trip("span", error);
    }
  }
}

export class OtelPublishSpan extends GuardedSpan implements PublishSpan {
  readonly #destination: Destination;
  /** How it will be described, as long as it has no attributes at all. */
  #form: { readonly start: SpanStart; readonly write: AttributeWriter } | undefined;
  #isOpen = true;

  constructor(started: StartedSpan, destination: Destination) {
    super(started);
    this.#destination = destination;
    const { start, write } = started;
    if (write !== undefined && this.isRecording) this.#form = { start, write };
  }

  describe(event: EventRecord, deliveries: number): void {
    if (!this.isRecording) return;
    try {
      const form = this.#form;
      this.#form = undefined;
      if (form === undefined) this.span.setAttributes(fillPublish({}, event, deliveries));
      else form.write(this.span, fillPublish({ ...form.start.form }, event, deliveries));
      this.extractAttributes(this.#destination, event);
    } catch (error) {
      this.guard.trip("span", error);
    }
  }

  describeRefusal(correlationId: string, causationId: string | undefined): void {
    if (!this.isRecording) return;
    try {
      this.#addStart();
      this.span.setAttribute(ATTRIBUTES.conversationId.name, correlationId);
      if (causationId !== undefined) this.span.setAttribute(ATTRIBUTES.causationId.name, causationId);
    } catch (error) {
      this.guard.trip("span", error);
    }
  }

  note({ subscription, attempt, outcome, failure }: AttemptNote): void {
    try {
      const attributes: api.Attributes = {
        [ATTRIBUTES.subscription.name]: subscription,
        [ATTRIBUTES.attempt.name]: attempt,
        [ATTRIBUTES.outcome.name]: outcome,
      };
      if (failure !== undefined) attributes[ATTRIBUTES.errorType.name] = failure.type;
      if (this.isRecording && this.#isOpen) this.span.addEvent(`process ${this.#destination.label}`, attributes);
      if (failure !== undefined) {
        this.addException(failure, LOG_EVENTS.processException, api.SeverityNumber?.ERROR);
      }
    } catch (error) {
      this.guard.trip("span", error);
    }
  }

  linkTo(span: ProcessSpan): void {
    if (!this.isRecording || !this.#isOpen) return;
    try {
      const context = api.trace.getSpanContext(span.context as unknown as api.Context);
      if (context !== undefined) this.span.addLink?.({ context });
    } catch (error) {
      this.guard.trip("span", error);
    }
  }

  end(failure: Failure | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (failure !== undefined) {
      try {
        if (this.isRecording) {
          this.#addStart();
          this.span.setAttribute(ATTRIBUTES.errorType.name, failure.type);
          this.span.setStatus({ code: api.SpanStatusCode.ERROR, ...statusMessage(failure) });
        }
        this.addException(failure, LOG_EVENTS.sendException, api.SeverityNumber?.WARN);
      } catch (error) {
        this.guard.trip("span", error);
      }
    }
    this.close();
  }

  /** The attributes of the start, for a span that is never described: its publish is refused. */
  #addStart(): void {
    if (this.#form !== undefined) this.span.setAttributes(this.#form.start.attributes);
    this.#form = undefined;
  }
}

export class OtelProcessSpan extends GuardedSpan implements ProcessSpan {
  /** What the span says of its outcome so far. */
  readonly #outcome: DeliveryOutcome | undefined;

  constructor(started: StartedSpan, options: ProcessSpanOptions) {
    super(started);
    if (!this.isRecording) return;
    const { span, guard, start, write } = started;
    try {
      if (write === undefined) span.setAttributes(fillProcess({}, options));
      else {
        write(span, fillProcess({ ...start.form }, options));
        this.#outcome = "handled";
      }
      this.extractAttributes(options.destination, options.event);
    } catch (error) {
      guard.trip("span", error);
    }
  }

  end(
    outcome: DeliveryOutcome | "retry",
    disposition: DeliveryDisposition | undefined,
    end: SpanFailure | undefined,
  ): void {
    try {
      if (this.isRecording) {
        if (outcome !== this.#outcome) this.span.setAttribute(ATTRIBUTES.outcome.name, outcome);
        if (disposition !== undefined) this.span.setAttribute(ATTRIBUTES.disposition.name, disposition);
        if (end !== undefined) this.#fail(end);
      }
      if (end?.record) this.addException(end.failure, LOG_EVENTS.processException, api.SeverityNumber?.ERROR);
    } catch (error) {
      this.guard.trip("span", error);
    }
    this.close();
  }

  #fail({ failure, isFinal }: SpanFailure): void {
    this.span.setAttribute(ATTRIBUTES.errorType.name, failure.type);
    if (isFinal) this.span.setStatus({ code: api.SpanStatusCode.ERROR, ...statusMessage(failure) });
  }
}

function statusMessage(failure: Failure): { message?: string } {
  return failure.message === undefined ? {} : { message: failure.message };
}

/** Whether a value is what OpenTelemetry takes: the SDK throws on circular values, BigInts and hostile objects. */
function isAttributeValue(value: unknown): value is api.AttributeValue {
  if (Array.isArray(value)) return value.every((each) => each === null || isPrimitive(each));
  return isPrimitive(value);
}

function isPrimitive(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}
