import type { BusDescription } from "../../src/bus/topology.ts";
import { checkCatalog } from "../../src/catalog/catalog.ts";
import type { AnyCatalog } from "../../src/catalog/catalog-types.ts";
import { BusError, describeValue } from "../../src/errors.ts";
import { GENERIC_MODEL, modelOfCatalog, modelOfDescription, type StackModel } from "./model.ts";

/** What dashboards and rules are for: a bus, what `bus.describe()` returned, a catalog, or a model. */
export type StackSource = { describe(): BusDescription } | BusDescription | AnyCatalog | StackModel;

/**
 * The model of whatever a source is.
 *
 * @throws BusError `INVALID_OPTION`, or what `defineEvents` throws
 */
export function readModel(source: StackSource | undefined, service: string | undefined): StackModel {
  if (source === undefined) return { ...GENERIC_MODEL, service };
  if (isBus(source)) return modelOfDescription(source.describe(), service);
  if (isDescription(source)) {
    for (const event of source.events) checkEvent(event); // it may come from a file
    return modelOfDescription(source, service ?? (source as Partial<StackModel>).service);
  }
  if (typeof source !== "object" || source === null) {
    const got = describeValue(source);
    throw new BusError(
      "INVALID_OPTION",
      `cannot generate dashboards: expected a bus, what bus.describe() returns, or a catalog of defineEvents, got ${got}`,
    );
  }
  checkCatalog(source as AnyCatalog);
  return modelOfCatalog(source as AnyCatalog, service);
}

/** Whether it is a bus, of this copy of spanbus or another. */
export function isBus(value: unknown): value is { describe(): BusDescription } {
  return isRecord(value) && typeof value.describe === "function" && typeof value.publish === "function";
}

/** Whether it is what `bus.describe()` returns, or a model of the same form. */
export function isDescription(value: unknown): value is BusDescription {
  return isRecord(value) && areNamed(value.events) && areNamed(value.subscriptions);
}

/** Whether `defineEvents` made it, of this copy of spanbus or another, or a catalog was spread into it. */
export function isCatalog(value: unknown): value is AnyCatalog {
  return isRecord(value) && Object.getOwnPropertySymbols(value).some((mark) => mark.description === "spanbus.catalog");
}

function checkEvent({ name, description, slo }: StackModel["events"][number]): void {
  checkCatalog({ [name]: { description: description ?? undefined, slo: slo ?? undefined } });
}

function areNamed(values: unknown): boolean {
  return Array.isArray(values) && values.every((each) => isRecord(each) && typeof each.name === "string");
}

function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}
