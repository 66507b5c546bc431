import { describe, expect, it } from "vitest";
import { createIdGenerator } from "../../instrumentation/settings/ids.ts";

describe("createIdGenerator", () => {
  it("makes valid ids of which no two are the same", () => {
    const ids = createIdGenerator();

    const traceIds = Array.from({ length: 5000 }, () => ids.generateTraceId());
    const spanIds = Array.from({ length: 5001 }, () => ids.generateSpanId());

    expect(traceIds.filter((id) => !/^(?!0{32})[0-9a-f]{32}$/.test(id))).toEqual([]);
    expect(spanIds.filter((id) => !/^(?!0{16})[0-9a-f]{16}$/.test(id))).toEqual([]);
    expect(new Set(traceIds).size).toBe(traceIds.length);
    expect(new Set(spanIds).size).toBe(spanIds.length);
  });

  it("makes ids that share no digits, whichever are asked for in between", () => {
    const ids = createIdGenerator();

    const parts = Array.from({ length: 1000 }, (_, i) => {
      const spanId = i % 3 === 0 ? ids.generateSpanId() : "";
      return [ids.generateTraceId().slice(0, 16), spanId];
    }).flat();

    const made = parts.filter((part) => part !== "");
    expect(new Set(made).size).toBe(made.length);
  });

  it("leaves each digit to chance", () => {
    const ids = createIdGenerator();
    const ones = new Array<number>(128).fill(0);

    for (let i = 0; i < 4096; i++) {
      const bits = BigInt(`0x${ids.generateTraceId()}`);
      for (let bit = 0; bit < 128; bit++) ones[bit] = (ones[bit] ?? 0) + Number((bits >> BigInt(bit)) & 1n);
    }

    // 2,048 expected, 32 the standard deviation: 8 of them is less likely than a meteorite
    expect(ones.filter((count) => Math.abs(count - 2048) > 8 * 32)).toEqual([]);
  });
});
