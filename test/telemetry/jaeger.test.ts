import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jaegerSearchUrl, jaegerTraceUrl } from "../../src/index.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

describe("jaegerSearchUrl", () => {
  it("is the search of Jaeger's UI for the correlation id, as every span of spanbus carries it", () => {
    const url = jaegerSearchUrl("order:o-1_v.2", { service: "shop" });

    expect(url).toBe(
      "http://localhost:16686/search?service=shop&lookback=2d&limit=20" +
        "&tags=%7B%22messaging.message.conversation_id%22%3A%22order%3Ao-1_v.2%22%7D",
    );
  });

  it("takes where Jaeger is, how far back to look and how much to list", () => {
    const url = jaegerSearchUrl("c1", { baseUrl: "https://ops.example/jaeger/", lookback: "6h", limit: 1_500 });

    expect(url).toMatch(/^https:\/\/ops\.example\/jaeger\/search\?lookback=6h&limit=1500&tags=/);
    expect(new URL(url).searchParams.has("service")).toBe(false);
  });

  it("says what it was given and nothing else, whatever the name of the service", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter((name) => !/[\p{Cc}\p{Cs}]/u.test(name)),
        fc.stringMatching(/^[A-Za-z0-9._:-]{1,128}$/),
        (service, correlationId) => {
          const url = jaegerSearchUrl(correlationId, { service });

          expect(url).toMatch(/^[A-Za-z0-9:/?&=%._~-]+$/);
          expect([...new URL(url).searchParams]).toEqual([
            ["service", service],
            ["lookback", "2d"],
            ["limit", "20"],
            ["tags", JSON.stringify({ "messaging.message.conversation_id": correlationId })],
          ]);
        },
      ),
    );
  });

  it.each<[unknown, string]>([
    ["", "correlationId must be 1 to 128 characters of A-Z a-z 0-9 . _ : -, got"],
    ["a b", 'got "a b"'],
    ['"}', "correlationId must be"],
    ["x".repeat(129), "correlationId must be"],
    [undefined, "got undefined"],
    [7, "got 7"],
  ])("refuses %j, which is no correlation id", (correlationId, message) => {
    const link = () => jaegerSearchUrl(correlationId as string);

    expect(link).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(message) }),
    );
  });

  it.each<[object, string]>([
    [
      { baseUrl: "localhost:16686" },
      "baseUrl must be an http:// or https:// URL without credentials, query and fragment",
    ],
    [{ baseUrl: "javascript:alert(1)" }, "baseUrl must be"],
    [{ baseUrl: "http://user:secret@localhost" }, "baseUrl must be"],
    [{ baseUrl: "http://localhost/?a=1" }, "baseUrl must be"],
    [{ baseUrl: "http://localhost/#/" }, "baseUrl must be"],
    [{ baseUrl: "http://" }, "baseUrl must be"],
    [{ baseUrl: new URL("http://localhost") }, "baseUrl must be"],
    [{ service: "" }, "service must be 1 to 255 characters without control characters"],
    [{ service: "a\nb" }, "service must be"],
    [{ service: "\ud800" }, "service must be"],
    [{ lookback: "2 days" }, 'lookback must be a whole number and "m", "h", "d" or "w", such as "2d", got "2 days"'],
    [{ lookback: "0h" }, "lookback must be"],
    [{ limit: 0 }, "limit must be an integer from 1 to 1500, got 0"],
    [{ limit: 1.5 }, "limit must be"],
    [{ limit: Number.NaN }, "limit must be"],
    [{ url: "http://localhost" }, 'there is no option "url"'],
  ])("refuses the options %j", (options, message) => {
    const link = () => jaegerSearchUrl("c1", options);

    expect(link).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(message) }),
    );
  });
});

describe("jaegerTraceUrl", () => {
  it("is the page of the trace", () => {
    expect(jaegerTraceUrl(TRACE_ID)).toBe(`http://localhost:16686/trace/${TRACE_ID}`);
    expect(jaegerTraceUrl(TRACE_ID.toUpperCase(), { baseUrl: "http://jaeger:16686/base//" })).toBe(
      `http://jaeger:16686/base/trace/${TRACE_ID}`,
    );
  });

  it.each([["0".repeat(32)], [TRACE_ID.slice(1)], [`${TRACE_ID}0`], [`${TRACE_ID}\n`], ["../search"], [undefined]])(
    "refuses %j, which is no trace id",
    (traceId) => {
      const link = () => jaegerTraceUrl(traceId as string);

      expect(link).toThrow(
        expect.objectContaining({
          code: "INVALID_OPTION",
          message: expect.stringContaining("traceId must be 32 hexadecimal digits, not all of them 0, got"),
        }),
      );
    },
  );

  it("refuses a base that is no URL, and options of the search", () => {
    expect(() => jaegerTraceUrl(TRACE_ID, { baseUrl: "jaeger" })).toThrow("baseUrl must be");
    expect(() => jaegerTraceUrl(TRACE_ID, { service: "shop" } as object)).toThrow(
      'jaegerTraceUrl: there is no option "service"; the options are baseUrl',
    );
  });
});
