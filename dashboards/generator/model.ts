import type { BusDescription } from "../../src/bus/topology.ts";
import type { AnyCatalog } from "../../src/catalog/catalog-types.ts";
import type { ServiceLevel } from "../../src/catalog/event-definition.ts";

/** What dashboards and rules are made from. An empty one gives the generic ones, which fit every spanbus service. */
export interface StackModel {
  /** The `service.name` the dashboards open with; undefined leaves the choice to their variable. */
  readonly service: string | undefined;
  readonly events: readonly StackEvent[];
  readonly subscriptions: readonly StackSubscription[];
}

/** One event or family. */
export interface StackEvent {
  /** The name, or the template of a family: the value of the destination label. */
  readonly name: string;
  readonly description: string | undefined;
  /** What its deliveries promise, where that is not the default. */
  readonly slo: ServiceLevel | undefined;
}

/** One subscription. */
export interface StackSubscription {
  readonly name: string;
  readonly pattern: string;
  /** The names and templates it can receive. */
  readonly receives: readonly string[];
}

/** The model of every service: no event of its own, only label variables and default objectives. */
export const GENERIC_MODEL: StackModel = { service: undefined, events: [], subscriptions: [] };

/** The model of a bus, from what `bus.describe()` returned. */
export function modelOfDescription(description: BusDescription, service?: string): StackModel {
  const events = description.events.map(({ name, description: text, slo }) => ({ name, description: text, slo }));
  const subscriptions = description.subscriptions.map(({ name, pattern, receives }) => ({ name, pattern, receives }));
  return { service, events, subscriptions };
}

/** The model of a catalog: its events, and no subscriptions. */
export function modelOfCatalog(catalog: AnyCatalog, service?: string): StackModel {
  const events = Object.entries(catalog).map(([name, { description, slo }]) => ({ name, description, slo }));
  return { service, events, subscriptions: [] };
}
