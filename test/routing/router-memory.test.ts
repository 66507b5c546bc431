import { describe, expect, it } from "vitest";
import { parsePattern } from "../../src/routing/pattern.ts";
import { Router } from "../../src/routing/router.ts";

describe("the memory of a router", () => {
  it("leaves nothing behind of a million subscriptions to names of their own", () => {
    const router = new Router<number>();

    for (let i = 0; i < 1_000_000; i++) {
      const pattern = parsePattern(i % 2 === 0 ? `user.${i}.changed` : `user.${i}.*`);
      router.add(pattern, i);
      router.remove(pattern, i);
    }

    expect(router.isEmpty).toBe(true);
  }, 60_000);
});
