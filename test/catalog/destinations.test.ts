import { describe, expect, it } from "vitest";
import { busSettings } from "../../src/bus/bus-settings.ts";
import { defineEvents } from "../../src/catalog/catalog.ts";
import { Destinations } from "../../src/catalog/destinations.ts";
import type { BusOptions } from "../../src/options.ts";
import { createRecordingLogger } from "../support/recording-logger.ts";

const events = defineEvents({ "order.placed": {}, "report.{name}.ready": { description: "a family" } });

function createDestinations(options: BusOptions<unknown>) {
  const logger = createRecordingLogger();
  const destinations = new Destinations(options.events as typeof events | undefined, busSettings(options), logger);
  return { destinations, warnings: () => logger.lines().map(({ message }) => message) };
}

describe("Destinations.define", () => {
  it.each([
    ["order.placed", "order.placed", undefined],
    ["report.monthly.ready", "report.{name}.ready", "report.{name}.ready"],
  ])("labels %s with %s", (name, label, template) => {
    const { destinations } = createDestinations({ events });

    expect(destinations.define(name)?.destination).toMatchObject({ name, label, template });
  });

  it.each(["a..b", "", "order.*", 5 as never])("knows no destination that is named %j", (name) => {
    const { destinations } = createDestinations({});

    expect(destinations.define(name)).toBeUndefined();
  });

  it("gives names outside the catalog one label, and says so once", () => {
    const { destinations, warnings } = createDestinations({ events, unknownEvents: "allow" });

    const labels = ["a", "b", "a"].map((name) => destinations.define(name)?.destination.label);

    expect(labels).toEqual(["_other", "_other", "_other"]);
    expect(warnings()).toEqual(['names that the catalog does not know are "_other" in spans and metrics']);
  });

  it("refuses names outside the catalog by default", () => {
    const { destinations, warnings } = createDestinations({ events });

    expect(destinations.define("a")).toBeUndefined();
    expect(warnings()).toEqual([]);
  });

  it("without a catalog labels as many names as it may, keeps those, and says once that there are more", () => {
    const { destinations, warnings } = createDestinations({ maxDestinations: 2 });

    const labels = ["a", "b", "c", "a", "d", "b"].map((name) => destinations.define(name)?.destination.label);

    expect(labels).toEqual(["a", "b", "_other", "a", "_other", "b"]);
    expect(warnings()).toEqual(['more than 2 event names: further ones are "_other"; a catalog names them all']);
  });
});

describe("Destinations.look", () => {
  it.each<[title: string, options: BusOptions<unknown>, name: string, found: object]>([
    ["a name of the catalog", { events }, "order.placed", { isKnown: true, template: undefined }],
    ["a name of a family", { events }, "report.a.ready", { isKnown: true, template: "report.{name}.ready" }],
    ["another", { events }, "a", { isKnown: false, template: undefined }],
    ["another that is allowed", { events, unknownEvents: "allow" }, "a", { isKnown: true, template: undefined }],
    ["any name without a catalog", {}, "a", { isKnown: true, template: undefined }],
  ])("tells of %s whether it may be published", (_, options, name, found) => {
    const { destinations } = createDestinations(options);

    expect(destinations.look(name)).toEqual(found);
  });
});
