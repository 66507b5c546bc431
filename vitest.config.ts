import { defineConfig, type ViteUserConfig } from "vitest/config";
import { lowerDecorators } from "./test/support/lower-decorators.ts";

const config: ViteUserConfig = defineConfig({
  plugins: [lowerDecorators()],
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/stack/proof/**"], // needs the real servers: npm run test:stack
    setupFiles: ["test/support/no-console.ts"],
    allowOnly: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    typecheck: {
      enabled: true,
      include: ["test/types/**/*.test-d.ts"],
      tsconfig: "tsconfig.json",
    },
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text", "html", "lcov"],
      thresholds: { statements: 90, lines: 90, branches: 85 },
    },
  },
});

export default config;
