import { defineConfig, type ViteUserConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { lowerDecorators } from "./test/support/lower-decorators.ts";

/** The room whose mutants are tried; `scripts/mutation.ts` sets it. */
const room = process.env.SPANBUS_ROOM ?? "event";

/** Tests of neighbours that look closest at what a room does. */
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = {
  bus: ["test/delivery/{dead-letter,replay}.test.ts"],
  routing: ["test/delivery/queue/{deduplicate,lane,pause}.test.ts", "test/delivery/replay.test.ts"],
  publishing: ["test/delivery/{closing-inside,deliver}.test.ts", "test/delivery/queue/lane.test.ts"],
  delivery: ["test/bus/{error-listeners,lifecycle}.test.ts", "test/publishing/schedule.test.ts"],
};

/** A mutant is done with at the first test that fails: the room's own come first, properties last. */
class RoomFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number =>
      moduleId.endsWith(".property.test.ts") ? 2 : moduleId.includes(`/test/${room}/`) ? 0 : 1;
    return files.toSorted((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

/** The tests that judge a room's mutants: the room's own, those of the bus as a whole, and properties with few cases. */
const config: ViteUserConfig = defineConfig({
  plugins: [lowerDecorators()],
  test: {
    include: [
      `test/${room}/**/*.test.ts`,
      ...(NEIGHBOURS[room] ?? []),
      "test/*.test.ts",
      "test/decorators/**/*.test.ts",
      "test/telemetry/{correlation,guard,metrics,privacy,queues,spans,span-failures,trace-structure}.test.ts",
      "test/model/history.property.test.ts",
    ],
    // Seconds for each mutant, to test what mutants do not touch: memory, the compiler, 200,000 pairs of pattern and name.
    exclude: ["**/{router.property,*memory,docs,type-cost}.test.ts"],
    allowOnly: false,
    setupFiles: ["test/support/no-console.ts"],
    isolate: false,
    sequence: { sequencer: RoomFirst },
    testTimeout: 3000, // a promise that a mutant leaves unsettled is found by the test, not by killing the process
    env: { SPANBUS_CASES: "300", SPANBUS_SEED: "1" },
  },
});

export default config;
