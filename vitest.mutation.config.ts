import { defineConfig, type ViteUserConfig } from "vitest/config";

/** The room whose mutants are tried; `scripts/mutation.ts` sets it. */
const room = process.env.SPANBUS_ROOM ?? "event";

/** The tests that judge a room's mutants: the room's own, those of the bus as a whole, and properties with few cases. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: [`test/${room}/**/*.test.ts`, "test/*.test.ts", "test/model/history.property.test.ts"],
    exclude: ["test/routing/router.property.test.ts"], // seconds for each mutant
    setupFiles: ["test/support/no-console.ts"],
    testTimeout: 20_000,
    env: { SPANBUS_CASES: "300", SPANBUS_SEED: "1" },
  },
});

export default config;
