const forNode = (config) => ({ ...config, platform: "node", format: "esm" });

export default [
  { name: "spanbus", path: "dist/index.js", limit: "48 kB", gzip: true, modifyEsbuildConfig: forNode },
  {
    name: "spanbus/instrumentation",
    path: "dist/instrumentation.js",
    limit: "25 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  { name: "spanbus/transports", path: "dist/transports.js", limit: "8 kB", gzip: true, modifyEsbuildConfig: forNode },
  {
    name: "spanbus/transports/memory",
    path: "dist/transports-memory.js",
    limit: "10 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  { name: "spanbus/testing", path: "dist/testing.js", limit: "60 kB", gzip: true, modifyEsbuildConfig: forNode },
  {
    name: "spanbus/dashboards",
    path: "dist/dashboards.js",
    limit: "30 kB",
    gzip: true,
    modifyEsbuildConfig: (config) => forNode({ ...config, external: ["@grafana/grafana-foundation-sdk"] }),
  },
];
