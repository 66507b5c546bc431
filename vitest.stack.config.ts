import { defineConfig, type ViteUserConfig } from "vitest/config";

/** The proof against the real servers: minutes, and not part of `npm test`. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/stack/proof/**/*.test.ts"],
    setupFiles: ["test/support/no-console.ts"],
    allowOnly: false,
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

export default config;
