import { defineConfig, type ViteUserConfig } from "vitest/config";

/** The tests that judge the core rooms when they are mutated: quick ones, and properties with few cases. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: [
      "test/*.test.ts",
      "test/{bus,catalog,delivery,event,publishing,routing}/**/*.test.ts",
      "test/telemetry/{correlation,exceptions,metrics,privacy,span-failures,spans}.test.ts",
    ],
    exclude: ["test/routing/router.property.test.ts"], // seconds for each mutant, and router.test.ts knows the rules
    setupFiles: ["test/support/no-console.ts"],
    testTimeout: 20_000,
    env: { SPANBUS_CASES: "400", SPANBUS_SEED: "1" },
  },
});

export default config;
