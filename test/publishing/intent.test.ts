import { describe, expect, it } from "vitest";
import { MAX_TIMER_MS } from "../../src/check.ts";
import { BusError } from "../../src/errors.ts";
import { correlationOf, readIntent } from "../../src/publishing/intent.ts";

const UNREADABLE = new Proxy(
  {},
  {
    get() {
      throw new RangeError("not for you");
    },
  },
);

function messageOf(call: readonly [subject: unknown, data?: unknown, options?: unknown]): string {
  const [subject, data, options] = call;
  const read = readIntent(subject, data, options, "shop");
  return read instanceof BusError ? `${read.code}: ${read.message}` : "it was read";
}

describe("readIntent", () => {
  it.each<[call: Parameters<typeof messageOf>[0], message: string]>([
    [
      ["a..b"],
      'INVALID_NAME: cannot publish "a..b": it has an empty token: dots join tokens, they do not begin, end or double',
    ],
    [[7], "INVALID_NAME: cannot publish 7: 7 is not a string"],
    [
      ["a", 1, { priority: 1 }],
      'INVALID_OPTION: publish: there is no option "priority"; the options are ' +
        "correlationId, headers, source, strict, wait, trace, incoming, delayMs, deliverAt",
    ],
    [["a", 1, { strict: 1 }], "INVALID_OPTION: publish: strict must be true or false, got 1"],
    [["a", 1, { wait: "no" }], 'INVALID_OPTION: publish: wait must be one of "settled", "accepted", got "no"'],
    [["a", 1, { trace: "no" }], 'INVALID_OPTION: publish: trace must be one of "child", "link", "auto", got "no"'],
    [
      ["a", 1, { incoming: "no" }],
      'INVALID_OPTION: publish: incoming must be one of "trust", "link", "ignore", got "no"',
    ],
    [
      ["a", 1, { strict: true, wait: "accepted" }],
      'INVALID_OPTION: publish: strict needs the outcome of every delivery, so it cannot go with wait: "accepted"',
    ],
    [
      ["a", 1, { delayMs: 1, deliverAt: 1 }],
      "INVALID_OPTION: publish: delayMs and deliverAt say the same thing: give one of them",
    ],
    [
      ["a", 1, { deliverAt: "soon" }],
      'INVALID_OPTION: publish: deliverAt must be a Date, or milliseconds since the Unix epoch, got "soon"',
    ],
    [
      ["a", 1, { deliverAt: new Date(Number.NaN) }],
      expect.stringMatching(/^INVALID_OPTION: publish: deliverAt must be a Date, or milliseconds/),
    ],
  ])("says of %j what is wrong: %s", (call, message) => {
    expect(messageOf(call)).toEqual(message);
  });

  it("keeps what a hostile event throws as the cause", () => {
    expect(readIntent(UNREADABLE, undefined, undefined, "shop")).toMatchObject({
      code: "INVALID_EVENT",
      message: expect.stringMatching(/^cannot publish: the event .*cannot be read/),
      cause: { message: "not for you" },
    });
  });

  it("keeps what hostile options throw as the cause", () => {
    const options = Object.defineProperty({}, "strict", {
      enumerable: true,
      get() {
        throw new RangeError("not for you");
      },
    });

    expect(readIntent("a", 1, options, "shop")).toMatchObject({
      code: "INVALID_EVENT",
      message: "cannot publish: the event or its options cannot be read",
      cause: { message: "not for you" },
    });
  });

  it("refuses an instant further ahead than timers reach", () => {
    const tooFar = Date.now() + MAX_TIMER_MS + 60_000;

    expect(messageOf(["a", 1, { deliverAt: tooFar }])).toBe(
      `INVALID_OPTION: publish: deliverAt must be within 2147483647 milliseconds from now, got ${tooFar}`,
    );
    expect(messageOf(["a", 1, { deliverAt: tooFar - 120_000 }])).toBe("it was read");
  });

  it.each([
    { strict: true },
    { strict: false },
    { wait: "settled" },
    { wait: "accepted" },
    { trace: "child" },
    { trace: "link" },
    { trace: "auto" },
    { incoming: "trust" },
    { incoming: "link" },
    { incoming: "ignore" },
    { delayMs: 5 },
  ])("takes the option %j", (options) => {
    expect(readIntent("a", 1, options, "shop")).toMatchObject({ name: "a", data: 1, source: "shop", options });
  });

  it.each([
    [-5, 0],
    [0, 0],
    [Number.NEGATIVE_INFINITY, "refused"],
  ])("delivers at once what was due %d ms ago", (agoMs, expected) => {
    const read = readIntent("a", 1, { deliverAt: Date.now() + agoMs }, "shop");

    expect(read instanceof BusError ? "refused" : read.options?.delayMs).toBe(expected);
  });

  it("takes a bare name as it is", () => {
    expect(readIntent("a", 1, undefined, "shop")).toMatchObject({ name: "a", data: 1, source: "shop" });
    expect(messageOf(["a"])).toBe("it was read");
  });

  it("asks for a source that nobody named", () => {
    expect(readIntent("a", 1, undefined, undefined)).toMatchObject({ code: "INVALID_EVENT" });
    expect(readIntent({ name: "a", data: 1 }, undefined, undefined, undefined)).toMatchObject({
      code: "INVALID_EVENT",
    });
  });
});

describe("correlationOf", () => {
  it.each<[title: string, call: readonly [unknown, unknown, unknown], expected: string | undefined]>([
    ["the options beside a name", ["a..b", { correlationId: "of data" }, { correlationId: "c-1" }], "c-1"],
    ["no data beside a name", ["a..b", { correlationId: "c-1" }, undefined], undefined],
    [
      "the options of an event before the event",
      [{ correlationId: "c-2" }, { correlationId: "c-1" }, undefined],
      "c-1",
    ],
    ["an event", [{ correlationId: "c-2" }, undefined, undefined], "c-2"],
    ["nothing that is no correlation id", [{ correlationId: "a\nb" }, { correlationId: 7 }, undefined], undefined],
  ])("reads %s", (_, [subject, data, options], expected) => {
    expect(correlationOf(subject, data, options)).toBe(expected);
  });

  it("reads an event beside hostile options", () => {
    expect(correlationOf({ correlationId: "c-2" }, UNREADABLE, undefined)).toBe("c-2");
  });
});
