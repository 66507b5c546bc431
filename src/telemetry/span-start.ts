import * as api from "@opentelemetry/api";
import type { EventRecord } from "../event/event.ts";
import { ATTRIBUTES, SYSTEM_NAME } from "./semconv.ts";
import type { Destination, ProcessSpanOptions } from "./telemetry.ts";

/** How spans of one destination and operation start. */
export interface SpanStart {
  readonly name: string;
  /** The options without and with the attributes that samplers see. */
  readonly bare: api.SpanOptions;
  readonly full: api.SpanOptions;
  readonly attributes: api.Attributes;
  /** Every attribute of a span that goes well, to be copied and filled in: a third of what it costs to build it up. */
  readonly form: api.Attributes;
}

const starts = { publish: new WeakMap<Destination, SpanStart>(), process: new WeakMap<Destination, SpanStart>() };

/** How spans of a destination start; made once for each. */
export function spanStart(destination: Destination, operation: "publish" | "process"): SpanStart {
  const known = starts[operation].get(destination);
  if (known !== undefined) return known;
  const isPublish = operation === "publish";
  const attributes: api.Attributes = {
    [ATTRIBUTES.system.name]: SYSTEM_NAME,
    [ATTRIBUTES.operationName.name]: operation,
    [ATTRIBUTES.operationType.name]: isPublish ? "send" : "process",
    [ATTRIBUTES.destination.name]: destination.name,
  };
  if (destination.template !== undefined) attributes[ATTRIBUTES.template.name] = destination.template;
  const kind = isPublish ? api.SpanKind.PRODUCER : api.SpanKind.CONSUMER;
  const name = `${operation} ${destination.label}`;
  const form = { ...attributes, ...(isPublish ? PUBLISH_FORM : PROCESS_FORM) };
  const start: SpanStart = { name, bare: { kind }, full: { kind, attributes }, attributes, form };
  starts[operation].set(destination, start);
  return start;
}

const EVENT_FORM: api.Attributes = {
  [ATTRIBUTES.messageId.name]: "",
  [ATTRIBUTES.conversationId.name]: "",
  [ATTRIBUTES.source.name]: "",
};
const PUBLISH_FORM: api.Attributes = { ...EVENT_FORM, [ATTRIBUTES.deliveryCount.name]: 0 };
const PROCESS_FORM: api.Attributes = {
  ...EVENT_FORM,
  [ATTRIBUTES.subscription.name]: "",
  [ATTRIBUTES.attempt.name]: 0,
  [ATTRIBUTES.outcome.name]: "handled",
};

/** Writes what a publish span says of its event into `attributes`: an empty object, or the span's form. */
export function fillPublish(attributes: api.Attributes, event: EventRecord, deliveries: number): api.Attributes {
  fillEvent(attributes, event);
  attributes[ATTRIBUTES.deliveryCount.name] = deliveries;
  return attributes;
}

/** Writes what a process span says of its event and attempt into `attributes`: an empty object, or the span's form. */
export function fillProcess(attributes: api.Attributes, options: ProcessSpanOptions): api.Attributes {
  fillEvent(attributes, options.event);
  attributes[ATTRIBUTES.subscription.name] = options.subscription;
  attributes[ATTRIBUTES.attempt.name] = options.attempt;
  return attributes;
}

function fillEvent(attributes: api.Attributes, event: EventRecord): void {
  attributes[ATTRIBUTES.messageId.name] = event.id;
  attributes[ATTRIBUTES.conversationId.name] = event.correlationId;
  attributes[ATTRIBUTES.source.name] = event.source;
  const { causationId } = event;
  if (causationId !== undefined) attributes[ATTRIBUTES.causationId.name] = causationId;
}
