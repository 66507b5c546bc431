import type { EventRecord } from "../../event/event.ts";
import type { SubscriptionSettings } from "../settings.ts";

/** The key of events whose `orderBy` throws: they wait in one line of their own. */
export const BROKEN_KEY: unique symbol = Symbol("orderBy threw");

/** The key an event would have; what goes wrong is counted where its delivery is made. */
export function foreseenKey({ orderBy }: SubscriptionSettings, event: EventRecord): unknown {
  try {
    return orderBy?.(event);
  } catch {
    return BROKEN_KEY;
  }
}
