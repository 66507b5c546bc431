import { destinationsOf } from "../catalog/catalog.ts";
import type { AnyCatalog } from "../catalog/catalog-types.ts";
import type { ServiceLevel } from "../catalog/event-definition.ts";
import { nameProblem } from "../event/names.ts";
import { matchesPattern } from "../routing/pattern.ts";
import type { SubscriptionRecord } from "../routing/subscription.ts";

/** One event or family of the catalog, as `bus.describe()` tells it. */
export interface EventDescription {
  /** The name, or the template of a family. */
  readonly name: string;
  /** Its sentence in the catalog. */
  readonly description: string | undefined;
  /** Whether its data is checked. */
  readonly hasSchema: boolean;
  /** What it promises. */
  readonly slo: ServiceLevel | undefined;
  /** Names of the subscriptions that can receive it. */
  readonly subscriptions: readonly string[];
}

/** One subscription, as `bus.describe()` tells it. */
export interface SubscriptionDescription {
  /** What labels its spans, metrics and dead letters. */
  readonly name: string;
  /** What it is subscribed to. */
  readonly pattern: string;
  /** Longest time of one attempt, in milliseconds. */
  readonly timeoutMs: number | undefined;
  /** Attempts in total, the first included. */
  readonly maxAttempts: number;
  /** Whether it ends with its first delivery. */
  readonly once: boolean;
  /** Attempts that may run at once; undefined where there is no limit. */
  readonly concurrency: number | undefined;
  /** Whether events of one key are handled in order. */
  readonly isOrdered: boolean;
  /** Deliveries that may wait for their turn; undefined where none has to. */
  readonly queueCapacity: number | undefined;
  /** Whether its deliveries wait until it is resumed. */
  readonly isPaused: boolean;
  /** The names and templates of the catalog it can receive; just the pattern without a catalog. */
  readonly receives: readonly string[];
}

/** The topology of a bus as plain data. */
export interface BusDescription {
  /** The publisher named in events that name none. */
  readonly source: string | undefined;
  /** Whether it takes events. */
  readonly state: "open" | "draining" | "closed";
  /** The events of the catalog; none without one. */
  readonly events: readonly EventDescription[];
  /** In the order of subscribing. */
  readonly subscriptions: readonly SubscriptionDescription[];
}

/** Why one subscription does, or does not, receive an event. */
export interface MatchExplanation {
  /** The name of the subscription. */
  readonly subscription: string;
  /** What it is subscribed to. */
  readonly pattern: string;
  /** Whether it would receive the event. */
  readonly matches: boolean;
  /** Why, or why not, in words. */
  readonly because: string;
}

/** What would happen to a publish of this name. */
export interface EventExplanation {
  /** The name asked about. */
  readonly name: string;
  /** Why it would be refused; undefined when it would be accepted. */
  readonly refusal: string | undefined;
  /** The template it belongs to. */
  readonly template: string | undefined;
  /** Every subscription of the bus. */
  readonly subscriptions: readonly MatchExplanation[];
}

/** The names and templates a subscription can receive. */
function receivedBy(subscription: SubscriptionRecord, catalog: AnyCatalog | undefined): readonly string[] {
  return catalog === undefined ? [subscription.pattern] : destinationsOf(catalog, subscription.parsed);
}

/** The catalog as data, each event with the subscriptions that can receive it. */
export function describeEvents(
  catalog: AnyCatalog | undefined,
  subscriptions: readonly SubscriptionRecord[],
): EventDescription[] {
  if (catalog === undefined) return [];
  return Object.entries(catalog).map(([name, { description, schema, slo }]) => {
    const receivers = subscriptions.filter((each) => receivedBy(each, catalog).includes(name));
    const names = receivers.map((each) => each.name);
    return { name, description, hasSchema: schema !== undefined, slo, subscriptions: names };
  });
}

/** A subscription as data. */
export function describeSubscription(
  subscription: SubscriptionRecord,
  catalog: AnyCatalog | undefined,
): SubscriptionDescription {
  const { name, pattern, settings, lane, isPaused } = subscription;
  const { timeoutMs, maxAttempts, once, concurrency, orderBy } = settings;
  const lanes = { concurrency, isOrdered: orderBy !== undefined, queueCapacity: lane?.capacity, isPaused };
  return { name, pattern, timeoutMs, maxAttempts, once, ...lanes, receives: receivedBy(subscription, catalog) };
}

/** What would happen to a publish of `name`, and why. */
export function explainEvent(
  name: string,
  look: (name: string) => { readonly isKnown: boolean; readonly template: string | undefined },
  subscriptions: readonly SubscriptionRecord[],
): EventExplanation {
  const problem = nameProblem(name);
  if (problem !== undefined)
    return { name, refusal: `invalid name: ${problem}`, template: undefined, subscriptions: [] };
  const { isKnown, template } = look(name);
  const refusal = isKnown ? undefined : "the catalog has no such event";
  const explained = subscriptions.map((each) => explainMatch(name, each));
  return { name, refusal, template, subscriptions: explained };
}

function explainMatch(name: string, { name: subscription, pattern, parsed }: SubscriptionRecord): MatchExplanation {
  const matches = matchesPattern(parsed, name);
  return { subscription, pattern, matches, because: matches ? whyMatched(parsed.tokens) : whyNot(name, parsed.tokens) };
}

function whyMatched(tokens: readonly string[]): string {
  if (tokens.length === 1 && tokens[0] === "**") return "it matches every event";
  if (!tokens.includes("*") && !tokens.includes("**")) return "the pattern is the name";
  return tokens.map(whatTokenMatches).join(", ");
}

function whatTokenMatches(token: string): string {
  if (token === "*") return "* is any one token";
  return token === "**" ? "** is the rest" : `"${token}" is equal`;
}

function whyNot(name: string, pattern: readonly string[]): string {
  const tokens = name.split(".");
  for (const [i, expected] of pattern.entries()) {
    const token = tokens[i];
    if (token === undefined) return `the name has ${tokens.length} tokens, the pattern asks for more`;
    if (expected !== "*" && expected !== "**" && expected !== token) return `"${token}" is not "${expected}"`;
  }
  return `the name has ${tokens.length} tokens, the pattern only ${pattern.length}`;
}
