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

  it.each(["", "a b", "a\n", "é", "a/b", "x".repeat(129), 7, undefined, null, ["a"]])("refuses %j", (value) => {
    expect(isCorrelationId(value)).toBe(false);
  });
});

describe("isId", () => {
  it.each(["a", "urn:uuid:1/2?x=y", "!~", "x".repeat(255)])("accepts %s", (value) => {
    expect(isId(value)).toBe(true);
  });

  it.each(["", " ", "a b", "é", "a\u007f", "x".repeat(256), 7, ["a"]])("refuses %j", (value) => {
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

describe("a timestamp as text", () => {
  it.each([
    "2026-01-02T03:04Z",
    "2026-01-02T03:04",
    "2026-01-02T23:59:58.123456789Z",
    "+002026-01-02",
    "-000001-12-31T10:11:12-11:30",
    "1999-10-20",
  ])("may be %s", (timestamp) => {
    expect(problemsOf({ timestamp })).toEqual([]);
  });

  // each of them a date to Date.parse
  it.each([
    "x 2026-01-02",
    "2026-01-02 x (noon)",
    "2026-01-02 03:04",
    "2026-1-2",
    "2026",
    "2026-01",
    "2026/01/02",
    "2026-01-02T03:04:05+0200",
    "2026-01-02T03:04:05.1234567890Z",
    "2026-01-02T03:04:05 Z",
    "Jan 2 2026",
    "1",
  ])("may not be %s, whatever Date makes of it", (timestamp) => {
    expect(problemsOf({ timestamp })).toHaveLength(1);
  });

  it.each(["2026-13-02", "2026-01-32", "2026-01-02T25:00:00Z"])("may not be %s, which is no date", (timestamp) => {
    expect(problemsOf({ timestamp })).toHaveLength(1);
  });
});

describe("what is said of a field that is wrong", () => {
  it.each<readonly [field: string, expected: string]>([
    ["source", "source must be 1 to 255 characters without control characters, got 7"],
    ["id", "id must be 1 to 255 visible ASCII characters, got 7"],
    ["correlationId", "correlationId must be 1 to 128 characters of A-Z a-z 0-9 . _ : -, got 7"],
    ["causationId", "causationId must be 1 to 255 visible ASCII characters, got 7"],
    ["timestamp", "timestamp must be milliseconds since the Unix epoch, a valid Date, or an ISO 8601 string, got true"],
    ["headers", "headers must be an object of strings, got 7"],
  ])("names %s, the accepted form and the value", (field, expected) => {
    expect(problemsOf({ [field]: field === "timestamp" ? true : 7 })).toEqual([expected]);
  });

  it("names the most that headers may hold", () => {
    expect(problemsOf({ headers: { n: "x".repeat(9000) } })).toEqual(["the headers exceed 8192 bytes in total"]);
  });
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

  it.each([null, [], "x"])(
    "leaves headers that are none (%j) as they are, to be told what is wrong with them",
    (headers) => {
      const problem = readEvent({ ...EVENT, headers }, { sourceRequired: true });

      expect(problem).toMatchObject({ problem: expect.stringMatching(/^headers must be an object of strings, got /) });
    },
  );

  it("takes over headers and dates as they are now, whatever becomes of them", () => {
    const headers = { n: "before" };
    const timestamp = new Date(1000);

    const fields = readEvent({ ...EVENT, headers, timestamp }, { sourceRequired: true });
    headers.n = "after";
    timestamp.setTime(2000);

    expect(fields).toMatchObject({ headers: { n: "before" }, timestamp: 1000 });
  });

  it.each([null, undefined, 7, "a"])("takes %s for no event", (value) => {
    expect(readEvent(value, { sourceRequired: false })).toMatchObject({
      code: "INVALID_EVENT",
      problem: expect.stringContaining("an event is an object with a name"),
    });
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
