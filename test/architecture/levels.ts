/**
 * The house's levels, lowest first: a file imports only its own level or one below. A path that ends in a slash stands
 * for everything under it; the longest entry that fits a file decides.
 */
const LEVELS: readonly (readonly string[])[] = [
  [
    "src/check.ts",
    "src/error-codes.ts",
    "src/errors.ts",
    "src/event/",
    "src/handler.ts",
    "src/inspect.ts",
    "src/logger.ts",
    "src/options.ts",
    "src/outcome.ts",
    "src/telemetry/cells.ts",
    "src/telemetry/durations.ts",
    "src/telemetry/labels.ts",
    "src/telemetry/semconv.ts",
    "src/telemetry/telemetry.ts",
    "src/thenable.ts",
    "src/turn-clock.ts",
    "src/transports/transport.ts",
  ],
  [
    "src/bus/",
    "src/catalog/",
    "src/context.ts",
    "src/decorators/marks.ts",
    "src/delivery/",
    "src/logging.ts",
    "src/middleware.ts",
    "src/publishing/",
    "src/routing/",
    "src/telemetry/",
    "src/transports/",
  ],
  ["src/event-bus.ts"],
  ["src/decorators/", "src/index.ts", "src/stop/", "src/testing/"],
  ["instrumentation/", "examples/", "dashboards/"],
];

/** The level of a file, or undefined for one that nobody gave a place yet. */
export function levelOf(path: string): number | undefined {
  let level: number | undefined;
  let longest = 0;
  for (const [index, entries] of LEVELS.entries()) {
    for (const entry of entries) {
      const fits = entry === path || (entry.endsWith("/") && path.startsWith(entry));
      if (fits && entry.length > longest) {
        longest = entry.length;
        level = index;
      }
    }
  }
  return level;
}
