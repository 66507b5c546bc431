import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ChildResult, runChild, type TemporaryFolder } from "../support/child.ts";
import { makeLinkedFolder } from "../support/linked-folder.ts";
import { testRunner } from "../support/test-runner.ts";

const TIMEOUT_MS = 60_000;

/** The same tests for both runners: two that pass side by side, and three that must fail. */
const TESTS = `
import { assertTree, createTestBus, recordingHandler } from "spanbus/testing";

for (const name of ["a", "b", "c", "d"]) {
  it("keeps parallel tests apart " + name, options, async () => {
    await using harness = createTestBus();
    const slow = recordingHandler({ delayMs: 5, run: (event, ctx) => ctx.publish("copy.made", event.data) });
    harness.bus.subscribe("note.taken", slow, { name: "copier" });
    const run = await harness.run(() => harness.bus.publish("note.taken", name));
    assertTree(run.trace, "publish note.taken\\n  process note.taken [copier]\\n    publish copy.made");
    if (run.published.some(({ event }) => event.data !== name)) throw new Error("mixed");
    if (run.metrics.value("spanbus.deliveries") !== 1) throw new Error("counted others");
  });
}

it("fails for a handler that fails", async () => {
  await using harness = createTestBus();
  harness.bus.subscribe("note.taken", recordingHandler({ throws: new Error("no ink") }), { name: "writer" });
  await harness.bus.publish("note.taken");
});

it("fails for a handler that hangs", async () => {
  await using harness = createTestBus({ settle: { idleMs: 30 } });
  harness.bus.subscribe("note.taken", recordingHandler({ hangs: true }), { name: "writer" });
  void harness.bus.publish("note.taken");
});

it("fails for a trace that differs", async () => {
  await using harness = createTestBus();
  const run = await harness.run(() => harness.bus.publish("note.taken"));
  assertTree(run.trace, "publish note.lost");
});
`;

const FILES = {
  "node.test.ts": `import { it } from "node:test";\nconst options = { concurrency: true };\n${TESTS}`,
  "vitest.test.ts": `import { it } from "vitest";\nconst options = { concurrent: true };\n${TESTS}`,
};

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await makeLinkedFolder(FILES);
});

afterAll(() => folder[Symbol.asyncDispose]());

const run = (file: keyof typeof FILES): Promise<ChildResult> => {
  return runChild(process.execPath, [...testRunner(FILES[file]), file], folder.path);
};

describe.each(["node.test.ts", "vitest.test.ts"] as const)("the kit in %s", (file) => {
  it(
    "passes and fails what it should, and says why",
    async () => {
      const { exitCode, stdout } = await run(file);

      expect(exitCode).toBe(1);
      expect(stdout.match(/^ *ok \d+ - .*keeps parallel tests apart/gm)).toHaveLength(4);
      expect(stdout.match(/^ *not ok \d+ - .*fails for/gm)).toHaveLength(3);
      expect(stdout).toContain("[writer] failed note.taken in attempt 1: Error: no ink");
      expect(stdout).toMatch(/note\.taken -> \[writer\] attempt 1 running for \d+ ms/);
      expect(stdout).toContain("the trace does not hold the path");
    },
    TIMEOUT_MS,
  );
});
