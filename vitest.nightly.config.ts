import { defineConfig, type ViteUserConfig } from "vitest/config";

/** The properties with as many cases as `scripts/nightly.ts` asks for: hours, and not part of `npm test`. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: [
      "test/{conservation,hostile,injection}.property.test.ts",
      "test/{delivery/queue,model}/*.property.test.ts",
    ],
    setupFiles: ["test/support/no-console.ts"],
    allowOnly: false,
    testTimeout: 24 * 3_600_000,
    hookTimeout: 60_000,
  },
});

export default config;
