import { describe, expect, it } from "vitest";
import { drawTree, type TreeSpan } from "./span-tree.ts";

interface Sketch {
  readonly id: string;
  readonly parent?: string;
  readonly name: string;
  readonly start?: number;
  readonly subscription?: string;
  readonly links?: readonly string[];
}

function spans(...sketches: readonly Sketch[]): TreeSpan[] {
  return sketches.map(({ id, parent, name, start = 0, subscription, links = [] }) => ({
    traceId: "t",
    spanId: id,
    parentSpanId: parent,
    name,
    startNs: BigInt(start),
    attributes: subscription === undefined ? {} : { "messaging.destination.subscription.name": subscription },
    links: links.map((spanId) => ({ traceId: "t", spanId })),
  }));
}

describe("drawTree", () => {
  it("indents children under their parents, with the subscription's name", () => {
    const tree = drawTree(
      spans(
        { id: "1", name: "publish order.placed" },
        { id: "2", parent: "1", name: "process order.placed", subscription: "mail" },
        { id: "3", parent: "1", name: "process order.placed", subscription: "billing" },
        { id: "4", parent: "3", name: "publish invoice.created" },
      ),
    );

    expect(tree).toBe(
      [
        "publish order.placed",
        "  process order.placed [billing]",
        "    publish invoice.created",
        "  process order.placed [mail]",
      ].join("\n"),
    );
  });

  it("is the same text whatever the ids and the order of the spans", () => {
    const one = spans(
      { id: "a", name: "root" },
      { id: "b", parent: "a", name: "same", start: 5 },
      { id: "c", parent: "b", name: "x" },
      { id: "d", parent: "a", name: "same", start: 5 },
      { id: "e", parent: "d", name: "y" },
    );
    const two = spans(
      { id: "9", parent: "8", name: "x" },
      { id: "8", parent: "z", name: "same", start: 5 },
      { id: "7", parent: "z", name: "same", start: 5 },
      { id: "6", parent: "7", name: "y" },
      { id: "z", name: "root" },
    );

    expect(drawTree(two)).toBe(drawTree(one));
    expect(drawTree(two, { order: "start" })).toBe(drawTree(one, { order: "start" }));
  });

  it("puts siblings in start order when asked", () => {
    const family = spans(
      { id: "1", name: "root" },
      { id: "2", parent: "1", name: "a", start: 3_000_000 },
      { id: "3", parent: "1", name: "b", start: 1_000_000 },
    );

    expect(drawTree(family)).toBe("root\n  a\n  b");
    expect(drawTree(family, { order: "start" })).toBe("root\n  b\n  a");
  });

  it("draws several roots, and marks a span whose parent is absent", () => {
    expect(
      drawTree(spans({ id: "1", name: "b" }, { id: "2", parent: "gone", name: "c" }, { id: "3", name: "a" })),
    ).toBe("a\nb\nc (parent absent)");
  });

  it("does not take a span of another trace for the parent", () => {
    const [parent] = spans({ id: "1", name: "parent" });
    const [child] = spans({ id: "2", parent: "1", name: "child" });

    expect(drawTree([{ ...parent!, traceId: "other" }, child!])).toBe("child (parent absent)\nparent");
  });

  it("names linked spans when asked, and labels as told", () => {
    const linked = spans({ id: "1", name: "publish a" }, { id: "2", name: "process a", links: ["1", "gone"] });

    expect(drawTree(linked, { links: true, label: (span) => span.spanId })).toBe(
      "process a [2] -> publish a -> ?\npublish a [1]",
    );
  });

  it("ends on spans that are their own ancestors", () => {
    expect(drawTree(spans({ id: "1", parent: "2", name: "a" }, { id: "2", parent: "1", name: "b" }))).toBe(
      "a (in a cycle)\nb (in a cycle)",
    );
  });

  it("draws nothing for no spans", () => {
    expect(drawTree([])).toBe("");
  });
});
