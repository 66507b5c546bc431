import { defineConfig, type UserConfig } from "tsdown";

const shared: UserConfig = {
  entry: {
    index: "src/index.ts",
    instrumentation: "instrumentation/index.ts",
    register: "instrumentation/register.ts",
    testing: "src/testing/index.ts",
    "testing-vitest": "src/testing/vitest.ts",
    transports: "src/transports/index.ts",
    "transports-memory": "src/transports/memory.ts",
    dashboards: "dashboards/generator/index.ts",
    cli: "dashboards/generator/cli/main.ts",
  },
  format: "esm",
  platform: "node",
  target: "node22",
  fixedExtension: false,
  hash: false,
  deps: { neverBundle: true },
};

// Declarations are a build of their own: maps next to them would point at sources the package does not ship.
const config: UserConfig[] = defineConfig([
  { ...shared, dts: false, sourcemap: true },
  { ...shared, dts: { emitDtsOnly: true }, sourcemap: false },
]);

export default config;
