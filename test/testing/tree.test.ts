import { describe, expect, it } from "vitest";
import { BusError } from "../../src/index.ts";
import { assertTree, createTestBus, recordingHandler, type Trace } from "../../src/testing/index.ts";
import { rejectionOf, thrownBy } from "../support/test-bus.ts";

/** An order that is billed at the second attempt, audited, and whose mail is refused. */
async function trace(): Promise<Trace> {
  await using harness = createTestBus({ expectFailures: true });
  const { bus } = harness;
  const billing = recordingHandler({
    throws: new Error("down"),
    times: 1,
    run: (_, ctx) => ctx.publish("invoice.created"),
  });
  bus.subscribe("order.*", billing, { name: "billing", retry: { maxAttempts: 2 } });
  bus.subscribe("*", recordingHandler(), { name: "audit" });
  bus.subscribe("invoice.created", (_, ctx) => ctx.publish("bad name").catch(() => undefined), { name: "mailer" });
  bus.subscribe("invoice.created", recordingHandler({ throws: new Error("no") }), { name: "books" });
  const run = await harness.run(() => bus.publish("order.placed"));
  return run.trace;
}

const WHOLE = `
  publish order.placed
    process order.placed [billing #1 retry]
    process order.placed [audit]
    process order.placed [billing #2]
      publish invoice.created
        process invoice.created [audit]
        process invoice.created [mailer]
          publish _other [refused invalid_name]
        process invoice.created [books failed]
`;

const messageOf = (call: () => unknown): string => (thrownBy(call) as Error).message;

describe("a trace as text", () => {
  it("is its tree, in the order of the starts, with what did not go well", async () => {
    expect((await trace()).text).toBe(WHOLE.trim().replaceAll("\n  ", "\n"));
  });

  it("is the same in every run", async () => {
    expect(`${await trace()}`).toBe((await trace()).text);
  });

  it("tells what timed out, was discarded, was cut short, is running, and failed strictly", async () => {
    await using harness = createTestBus({ expectFailures: true });
    const { bus } = harness;
    bus.subscribe("a.happened", recordingHandler({ hangs: true }), { name: "slow", timeoutMs: 1 });
    bus.subscribe("a.happened", (_, ctx) => ctx.discard("no"), { name: "picky" });
    await rejectionOf(bus.publish("a.happened", undefined, { strict: true }));
    bus.subscribe("b.happened", recordingHandler({ hangs: true }), { name: "hung" });
    void bus.publish("b.happened");
    const before = harness.trace.text;
    await bus.close();

    expect(before).toBe(
      [
        "publish a.happened [error delivery_failed]",
        "  process a.happened [slow timed_out]",
        "  process a.happened [picky failed discarded]",
        "publish b.happened",
        "  process b.happened [hung running]",
      ].join("\n"),
    );
    expect(harness.trace.text).toContain("process b.happened [hung aborted]");
  });
});

describe("a path", () => {
  it.each([
    "publish order.placed > process order.placed [billing #2] > publish invoice.created",
    "publish order.placed > process order.placed > publish invoice.created",
    "process order.placed [audit]",
    "publish invoice.created",
    "publish * > process *.placed [billing #1 retry]",
    "publish order.placed > process order.placed [billing retry]",
    "publish order.placed > process order.placed [b* *]",
    "publish order.placed >> process invoice.created [mailer] > publish _other [refused]",
    "publish order.placed >> publish _other [refused invalid_name]",
    "publish invoice.created > process invoice.created [books *]",
    "publish invoice.created > process invoice.created [* failed]",
  ])("is found: %s", async (path) => {
    assertTree(await trace(), path);
  });

  it.each([
    "publish order.placed > publish invoice.created",
    "publish order.placed > process order.placed [mailer]",
    "process invoice.created [books]",
    "publish order.placed >> publish order.placed",
    "process order.placed [billing #3]",
    "process order.placed [audit retry]",
    "publish _other",
    "publish order",
    "publish order.placed -> publish invoice.created",
  ])("is not found: %s", async (path) => {
    const recorded = await trace();

    expect(() => assertTree(recorded, path)).toThrow("does not hold the path");
  });

  it("says how far it goes", async () => {
    const recorded = await trace();

    expect(
      messageOf(() => assertTree(recorded, "publish order.placed > process order.placed [audit] > publish x")),
    ).toBe(
      `the trace does not hold the path
  publish order.placed > process order.placed [audit] > publish x

  publish order.placed
    process order.placed [billing #1 retry]
    process order.placed [audit]   <- here it ends: nothing below is publish x
    process order.placed [billing #2]
      publish invoice.created
        process invoice.created [audit]
        process invoice.created [mailer]
          publish _other [refused invalid_name]
        process invoice.created [books failed]`,
    );
  });

  it("says where not even its beginning is there, and where there is nothing", async () => {
    const recorded = await trace();
    await using harness = createTestBus();

    expect(messageOf(() => assertTree(recorded, "publish x > process x"))).toContain(
      "  publish x > process x, not even its beginning, publish x\n\n  publish order.placed\n",
    );
    expect(messageOf(() => assertTree(harness.trace, "publish x"))).toContain("(the trace has no spans)");
  });
});

describe("a tree", () => {
  it("is the whole trace, siblings in any order, at any indentation", async () => {
    assertTree(await trace(), WHOLE);
    assertTree(await trace(), WHOLE.replace(/( +process order.placed \[billing #1 retry\]\n)( +.*audit\]\n)/, "$2$1"));
  });

  it("allows for more where it says so", async () => {
    assertTree(
      await trace(),
      `
      publish order.placed
        ...
        process order.placed [billing #2]
          publish invoice.created
            ...
      `,
    );
  });

  it("finds a place for each line, wildcards or not", async () => {
    assertTree(
      await trace(),
      `publish order.placed
         process order.placed [* *]
         process order.placed [audit]
         process order.placed [* *]
           publish invoice.created
             ...
      `,
    );
  });

  it("shows what differs in the recorded tree", async () => {
    const recorded = await trace();
    const expected = WHOLE.replace("[mailer]", "[post]").replace("    process order.placed [audit]\n", "");

    expect(messageOf(() => assertTree(recorded, expected))).toBe(
      `the trace is not the expected tree (- expected, + recorded):

    publish order.placed
      process order.placed [billing #1 retry]
+     process order.placed [audit]
      process order.placed [billing #2]
        publish invoice.created
          process invoice.created [audit]
+         process invoice.created [mailer]
+           publish _other [refused invalid_name]
          process invoice.created [books failed]
-         process invoice.created [post]
-           publish _other [refused invalid_name]`,
    );
  });

  it("shows roots that are too many, or missing", async () => {
    await using harness = createTestBus();
    await harness.bus.publish("a.happened");

    expect(messageOf(() => assertTree(harness.trace, "publish b.happened\npublish c.happened"))).toContain(
      "+   publish a.happened\n-   publish b.happened\n-   publish c.happened",
    );
  });

  it("is compared quickly, however much there is to try", async () => {
    await using harness = createTestBus();
    for (let n = 0; n < 60; n++) harness.bus.subscribe("a.happened", recordingHandler(), { name: `h${n}` });
    await harness.bus.publish("a.happened");
    const lines = Array.from({ length: 60 }, () => "  process a.happened [h*]");

    assertTree(harness.trace, ["publish a.happened", ...lines].join("\n"));
    expect(() =>
      assertTree(harness.trace, ["publish a.happened", ...lines.slice(1), "  process x"].join("\n")),
    ).toThrow();
  });

  it.each(["", "  \n ", "publish a\n    process a [x]\n  process a [y]", undefined])("cannot be %o", async (tree) => {
    await using harness = createTestBus();

    const error = thrownBy(() => assertTree(harness.trace, tree as string));

    expect(error).toBeInstanceOf(BusError);
    expect(error).toMatchObject({ code: "INVALID_OPTION" });
  });
});
