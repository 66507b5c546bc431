import type { Inbox } from "./inbox.ts";

/** The numbers of what came, in order, redeliveries included. */
export function numbersOf(inbox: Inbox): number[] {
  return inbox.envelopes.map((each) => (each.data as { readonly number: number }).number);
}
