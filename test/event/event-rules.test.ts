import { describe, expect, it } from "vitest";
import {
  EVENT_LIMITS,
  eventProblems,
  isCorrelationId,
  isId,
  isSource,
  readEvent,
} from "../../src/event/event-rules.ts";

const EVENT = { name: "a", source: "test" };

function problemsOf(fields: object): string[] {
  return eventProblems({ ...EVENT, ...fields }, { sourceRequired: true }).map(({ problem }) => problem);
}

describe("isCorrelationId", () => {
  it.each(["a", "A.b_c:d-9", "x".repeat(128)])("accepts %s", (value) => {
    expect(isCorrelationId(value)).toBe(true);
  });

  it.each(["", "a b", "a\n", "é", "a/b", "x".repeat(129), 7, undefined, null])("refuses %j", (value) => {
    expect(isCorrelationId(value)).toBe(false);
  });
});

describe("isId", () => {
  it.each(["a", "urn:uuid:1/2?x=y", "!~", "x".repeat(255)])("accepts %s", (value) => {
    expect(isId(value)).toBe(true);
  });

  it.each(["", " ", "a b", "é", "a\u007f", "x".repeat(256), 7])("refuses %j", (value) => {
    expect(isId(value)).toBe(false);
  });
});

describe("isSource", () => {
  it.each(["shop", "Büro 7", "日本", "x".repeat(255)])("accepts %s", (value) => {
    expect(isSource(value)).toBe(true);
  });

  it.each(["", "a\nb", "a\u0000", "\u007f", "x".repeat(256), 7, null])("refuses %j", (value) => {
    expect(isSource(value)).toBe(false);
  });
});

describe("a timestamp", () => {
  it.each([0, -1, 8.64e15, new Date(0), "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678+02:00", "2026-01-02"])(
    "may be %s",
    (timestamp) => {
      expect(problemsOf({ timestamp })).toEqual([]);
    },
  );

  it.each([Number.NaN, 8.64e15 + 1, new Date(Number.NaN), "", "yesterday", "hello 1", "5", {}, true, null])(
    "may not be %s",
    (timestamp) => {
      expect(problemsOf({ timestamp })).toEqual([expect.stringMatching(/^timestamp must be /)]);
    },
  );
});

describe("depth", () => {
  it.each([0, 1, 64, 1_000_000])("may be %s", (depth) => {
    expect(problemsOf({ depth })).toEqual([]);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "1", null])("may not be %s", (depth) => {
    expect(problemsOf({ depth })).toEqual([expect.stringMatching(/^depth must be an integer from 0/)]);
  });
});

describe("headers", () => {
  it.each([{}, { traceparent: "00-1-2-01" }, { "x-tenant": "é" }, Object.create(null)])("may be %j", (headers) => {
    expect(problemsOf({ headers })).toEqual([]);
  });

  it.each([null, [], "x", 7, { n: 1 }, { n: undefined }, { n: "a\r\nb" }, { "": "x" }, { "a:b": "x" }, { é: "x" }])(
    "may not be %j",
    (headers) => {
      expect(problemsOf({ headers })).toEqual([expect.stringMatching(/^header/)]);
    },
  );

  it("may be 8 KiB in total, counted in UTF-8 bytes with their names", () => {
    const { headerBytes } = EVENT_LIMITS;

    expect(problemsOf({ headers: { n: "x".repeat(headerBytes - 1) } })).toEqual([]);
    expect(problemsOf({ headers: { n: "x".repeat(headerBytes) } })).toHaveLength(1);
    expect(problemsOf({ headers: { n: "é".repeat(headerBytes / 2) } })).toHaveLength(1);
    expect(problemsOf({ headers: { a: "x".repeat(4096), b: "x".repeat(4096) } })).toHaveLength(1);
  });

  it("count as too large with a code of their own", () => {
    const problems = eventProblems({ ...EVENT, headers: { n: "x".repeat(9000) } }, { sourceRequired: true });

    expect(problems).toMatchObject([{ code: "HEADERS_TOO_LARGE" }]);
  });
});

describe("source", () => {
  it("may be missing only where the bus has one", () => {
    const withoutSource = { name: "a" };

    expect(eventProblems(withoutSource, { sourceRequired: false })).toEqual([]);
    expect(eventProblems(withoutSource, { sourceRequired: true })).toMatchObject([{ code: "INVALID_EVENT" }]);
  });
});

describe("readEvent", () => {
  it("returns the fields of an event and nothing else", () => {
    const fields = readEvent({ ...EVENT, data: 1, other: 2 }, { sourceRequired: true });

    expect(fields).toMatchObject({ name: "a", source: "test", data: 1 });
    expect(fields).not.toHaveProperty("other");
  });

  it("joins all that is wrong, under the code of the first", () => {
    const problem = readEvent({ name: "", source: "", depth: -1 }, { sourceRequired: true });

    expect(problem).toMatchObject({
      code: "INVALID_NAME",
      problem: expect.stringMatching(/^name .*; source .*; depth /),
    });
  });

  it("shows of a long value no more than a glimpse", () => {
    const problem = readEvent({ ...EVENT, id: "x ".repeat(10_000) }, { sourceRequired: true });

    expect((problem as { problem: string }).problem.length).toBeLessThan(250);
  });

  it("takes headers whose getters throw for unreadable", () => {
    const headers = {
      get n(): never {
        throw new Error("no reading");
      },
    };

    expect(readEvent({ ...EVENT, headers }, { sourceRequired: true })).toMatchObject({ code: "INVALID_EVENT" });
  });
});
