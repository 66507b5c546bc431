import { describe, expect, it } from "vitest";
import { createLedger } from "../../src/delivery/ledger.ts";
import { parsePattern } from "../../src/routing/pattern.ts";
import { type RouteDefinition, Routes } from "../../src/routing/routes.ts";
import { subscribeSettings } from "../../src/routing/subscribe-settings.ts";
import { SubscriptionRecord } from "../../src/routing/subscription.ts";

function defined(name: string): RouteDefinition {
  const destination = { name, label: "any", template: undefined, extract: undefined, redactData: () => undefined };
  return { schema: undefined, destination, spans: undefined, trace: undefined };
}

function createRoutes(source?: string): Routes {
  const names = { define: (name: string) => (name === "unknown" ? undefined : defined(name)), noteFolding: () => {} };
  return new Routes({ names, ledger: createLedger(), spans: "handlers", trace: "auto", source });
}

function subscription(pattern: string): SubscriptionRecord {
  const settings = subscribeSettings(undefined, pattern);
  const openLane = (): never => {
    throw new Error("it needs no lane");
  };
  return new SubscriptionRecord({
    pattern: parsePattern(pattern),
    handler: () => undefined,
    settings,
    leave: () => {},
    openLane,
  });
}

describe("Routes", () => {
  it("builds a route at the first look, and finds the same one again", () => {
    const routes = createRoutes();
    const before = routes.cached("order.placed");

    const route = routes.find("order.placed");

    expect(before).toBeUndefined();
    expect(route).toMatchObject({ name: "order.placed", spans: "handlers", legs: [] });
    expect(routes.cached("order.placed")).toBe(route);
    expect(routes.find("order.placed")).toBe(route);
  });

  it("keeps no route for a name that is not to be published", () => {
    const routes = createRoutes();

    expect(routes.find("unknown")).toBeUndefined();
    expect(routes.cached("unknown")).toBeUndefined();
  });

  it.each([
    ["order.placed", ["order.placed"]],
    ["order.*", ["order.placed", "order.paid"]],
  ])("forgets what a subscription to %s changes, when it comes and when it goes", (pattern, changed) => {
    const routes = createRoutes();
    const names = ["order.placed", "order.paid"];
    const added = subscription(pattern);
    const legs = () => names.map((name) => routes.find(name)?.legs.length);
    const before = legs();

    routes.add(added);
    const during = legs();
    routes.remove(added);

    expect([before, during, legs()]).toEqual([[0, 0], names.map((name) => Number(changed.includes(name))), [0, 0]]);
  });

  it("lists the subscriptions to a pattern as it was written, while they last", () => {
    const routes = createRoutes();
    const [first, second] = [subscription("order.*"), subscription("order.*")];
    for (const each of [first, second, subscription("order.placed")]) routes.add(each);
    const both = routes.subscribedTo("order.*");

    routes.remove(first);
    const one = routes.subscribedTo("order.*");
    routes.remove(second);
    routes.remove(second);

    expect([both, one, routes.subscribedTo("order.*")]).toEqual([[first, second], [second], []]);
  });

  it("has what a bare publish asks for where the bus has a source", () => {
    const [named, nameless] = [createRoutes("shop").find("a"), createRoutes().find("a")];

    expect(named?.plain).toMatchObject({ name: "a", source: "shop" });
    expect(nameless?.plain).toBeUndefined();
  });

  it("keeps ten thousand routes at most", () => {
    const routes = createRoutes();
    const names = Array.from({ length: 10_001 }, (_, i) => `user.${i}.changed`);
    for (const name of names.slice(0, 10_000)) routes.find(name);
    const full = [routes.cached("user.0.changed"), routes.cached("user.9999.changed")].map((route) => route?.name);

    routes.find("user.10000.changed");

    expect(full).toEqual(["user.0.changed", "user.9999.changed"]);
    expect(routes.cached("user.0.changed")).toBeUndefined();
    expect(routes.cached("user.10000.changed")).toBeDefined();
  });
});
