import { describe, expect, it } from "vitest";
import { chance } from "../../examples/webhook-hub/hub/chance.ts";
import { Remote, RemoteError } from "../../examples/webhook-hub/hub/remote.ts";
import { deliveryId } from "../../examples/webhook-hub/replay/webhook-request.ts";

const NOW: readonly [number, number] = [0, 0];

describe("a simulated remote", () => {
  const keys = Array.from({ length: 200 }, (_, i) => `key ${i}`);
  const failuresOf = async (remote: Remote, attempt: number): Promise<readonly string[]> => {
    const { signal } = new AbortController();
    const results = await Promise.allSettled(keys.map((key) => remote.call({ key, attempt, signal })));
    return keys.filter((_, i) => results[i]?.status === "rejected");
  };

  it("answers the same call the same way every time", async () => {
    const options = { name: "store", latencyMs: NOW, failureRate: 0.3 };

    const [once, again] = [await failuresOf(new Remote(options), 1), await failuresOf(new Remote(options), 1)];

    expect(again).toEqual(once);
    expect(once.length).toBeGreaterThan(30);
    expect(once.length).toBeLessThan(90);
  });

  it("answers another attempt independently, unless it is down for that key", async () => {
    const flaky = new Remote({ name: "store", latencyMs: NOW, failureRate: 0.3 });
    const down = new Remote({ name: "store", latencyMs: NOW, outageRate: 0.3 });

    expect(await failuresOf(flaky, 2)).not.toEqual(await failuresOf(flaky, 1));
    expect(await failuresOf(down, 2)).toEqual(await failuresOf(down, 1));
  });

  it("fails with an error of its own", async () => {
    const remote = new Remote({ name: "store", latencyMs: NOW, outageRate: 1 });

    const call = remote.call({ key: "a", attempt: 1, signal: new AbortController().signal });

    await expect(call).rejects.toBeInstanceOf(RemoteError);
  });

  it("stays silent until it is told to stop", async () => {
    const remote = new Remote({ name: "store", latencyMs: NOW, hangRate: 1 });
    const controller = new AbortController();

    const call = remote.call({ key: "a", attempt: 1, signal: controller.signal });
    controller.abort();

    await expect(call).rejects.toThrow("aborted");
  });
});

describe("chance", () => {
  it("follows from its arguments, and lies between 0 and 1", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => chance("a", i));

    expect(chance("a", 5)).toBe(values[5]);
    expect(new Set(values).size).toBe(1_000);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
  });
});

describe("a replayed delivery id", () => {
  it("is a UUID of version 1, like GitHub's", () => {
    const ids = Array.from({ length: 100 }, (_, i) => deliveryId(`1/${i}`));

    expect(ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-9[0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toEqual(
      [],
    );
    expect(new Set(ids).size).toBe(100);
  });
});
