/**
 * The house's levels, lowest first: a file imports only its own level or one below. A path that ends in a slash stands
 * for everything under it; the longest entry that fits a file decides.
 */
const LEVELS: readonly (readonly string[])[] = [
  [
    "src/check.ts",
    "src/error-codes.ts",
    "src/errors.ts",
    "src/names.ts",
    "src/event-rules.ts",
    "src/event.ts",
    "src/outcome.ts",
    "src/handler.ts",
    "src/event-init.ts",
    "src/inspect.ts",
    "src/logger.ts",
    "src/options.ts",
    "src/telemetry/cells.ts",
    "src/telemetry/durations.ts",
    "src/telemetry/labels.ts",
    "src/telemetry/semconv.ts",
    "src/telemetry/telemetry.ts",
    "src/thenable.ts",
    "src/transports/transport.ts",
  ],
  [
    "src/attach.ts",
    "src/bus-core.ts",
    "src/bus-settings.ts",
    "src/catalog-types.ts",
    "src/catalog.ts",
    "src/context.ts",
    "src/destinations.ts",
    "src/event-definition.ts",
    "src/event-stream.ts",
    "src/lifecycle.ts",
    "src/listeners.ts",
    "src/logging.ts",
    "src/marks.ts",
    "src/sensitive.ts",
    "src/standard-schema.ts",
    "src/subscribe-settings.ts",
    "src/system-schema.ts",
    "src/topology.ts",
    "src/validation.ts",
    "src/system-events.ts",
    "src/middleware.ts",
    "src/publishing/",
    "src/routing/",
    "src/delivery/",
    "src/telemetry/",
    "src/transports/",
  ],
  ["src/event-bus.ts"],
  ["src/decorators.ts", "src/decorators/", "src/index.ts", "src/testing/"],
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
