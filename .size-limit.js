const forNode = (config) => ({ ...config, platform: "node", format: "esm" });

export default [
  { name: "spanbus", path: "dist/index.js", limit: "36 kB", gzip: true, modifyEsbuildConfig: forNode },
  {
    name: "spanbus/instrumentation",
    path: "dist/instrumentation.js",
    limit: "25 kB",
    gzip: true,
    modifyEsbuildConfig: forNode,
  },
  {
    name: "spanbus/dashboards",
    path: "dist/dashboards.js",
    limit: "30 kB",
    gzip: true,
    modifyEsbuildConfig: (config) => forNode({ ...config, external: ["@grafana/grafana-foundation-sdk"] }),
  },
  { name: "spanbus/testing", path: "dist/testing.js", limit: "50 kB", gzip: true, modifyEsbuildConfig: forNode },
];
