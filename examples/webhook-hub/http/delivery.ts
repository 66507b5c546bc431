import type { IncomingHttpHeaders } from "node:http";
import { Rejection } from "./rejection.ts";

/** What the headers of a webhook say. */
export interface DeliveryHeaders {
  /** `issues`, from X-GitHub-Event. */
  readonly event: string;
  /** X-GitHub-Delivery: what a person has in hand who asks what became of a delivery, so it is the correlation id. */
  readonly id: string | undefined;
  /** The sender's trace; the bus links to it and does not trust it. */
  readonly traceparent: string | undefined;
}

/** @throws Rejection 400 */
export function readDeliveryHeaders(headers: IncomingHttpHeaders): DeliveryHeaders {
  const { "x-github-event": event, "x-github-delivery": id, traceparent } = headers;
  if (event === undefined) throw new Rejection(400, "missing_event", "the header X-GitHub-Event is missing");
  if (!isToken(event)) {
    throw new Rejection(400, "invalid_event", "X-GitHub-Event is not 1 to 64 letters, digits, _ and -");
  }
  if (id !== undefined && !isDeliveryId(id)) {
    throw new Rejection(400, "invalid_delivery", "X-GitHub-Delivery is not 1 to 128 letters, digits, . _ : and -");
  }
  const trace = typeof traceparent === "string" && traceparent.length <= MAX_TRACEPARENT ? traceparent : undefined;
  return { event, id: id as string | undefined, traceparent: trace };
}

const MAX_TRACEPARENT = 128;

/** The names of the hub's GitHub events; the catalog has a template for both forms. */
export type GitHubEventName = `github.${string}` | `github.${string}.${string}`;

/**
 * `github.issues.opened`, or `github.push` for an event without an action.
 *
 * @throws Rejection 422 for an action that cannot be part of a name
 */
export function eventName(event: string, action: unknown): GitHubEventName {
  if (action === undefined || action === null) return `github.${event}`;
  // the one event whose action is free text, chosen by whoever calls the API; the payload keeps it as it is
  const token =
    event === FREE_TEXT && typeof action === "string" ? action.replace(/[^\w-]/g, "_").slice(0, 64) : action;
  if (isToken(token)) return `github.${event}.${token}`;
  throw new Rejection(422, "invalid_action", '"action" is not 1 to 64 letters, digits, _ and -');
}

const FREE_TEXT = "repository_dispatch";

/** One token of an event name: repeated headers arrive as a list joined by commas, so they are none. */
function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(value);
}

function isDeliveryId(value: unknown): boolean {
  return typeof value === "string" && /^[A-Za-z0-9._:-]{1,128}$/.test(value);
}
