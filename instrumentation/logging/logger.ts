import type { DestinationStream, Logger, LoggerOptions } from "pino";
import { logFields } from "../../src/context.ts";
import { isBoundLogger } from "../../src/logging.ts";
import { loadPino } from "../packages.ts";
import { emitLogLine, type LineShape } from "./log-bridge.ts";
import { describeError, isError, readableFields } from "./safe-log-values.ts";
import { type TraceLinkOptions, traceLinkOf } from "./trace-link.ts";

/** pino's options, and ours. */
export interface CreateLoggerOptions extends LoggerOptions {
  /**
   * Adds `trace_url` to each line that carries the `trace_id` of a sampled trace: the page that shows it.
   *
   * @default no links
   */
  traceLinks?: TraceLinkOptions;
}

/**
 * Makes a pino logger. Each line written while an event is handled carries `trace_id`, `span_id`, `trace_flags`,
 * `correlation_id`, `causation_id`, `event_id`, `event_name` and `subscription`; while `startTelemetry` runs with logs
 * on, each line is also sent over OTLP. Logging never throws: of what pino cannot write (frozen errors, throwing
 * getters, Proxies) the line holds what can be read.
 *
 * @param options pino's own, and `traceLinks`; a `mixin` is kept and wins, as do `serializers`
 * @param destination where lines go. @default `options.transport`, else stdout
 * @throws BusError `TELEMETRY_PACKAGES_MISSING` when pino is not installed, `INVALID_OPTION` when `traceLinks` names no URL
 * @example
 * const logger = createLogger({ level: "debug", traceLinks: { jaeger: "http://localhost:16686" } });
 * const bus = new EventBus({ source: "shop", logger });
 */
export function createLogger(options: CreateLoggerOptions = {}, destination?: DestinationStream): Logger {
  const { pino } = loadPino();
  logFields(); // tells the bus that lines name their subscription
  const { transport, traceLinks, ...rest } = options;
  const link = traceLinkOf(traceLinks);
  const errorKey = options.errorKey ?? "err";
  const target = destination ?? (transport === undefined ? pino.destination(1) : pino.transport(transport));
  const shape: LineShape = {
    messageKey: options.messageKey ?? "msg",
    errorKey,
    levels: { ...pino.levels.values, ...options.customLevels },
  };
  const guarded: LoggerOptions = {
    ...rest,
    mixin: (fields, level, logger) => ({
      ...(isBoundLogger(logger) ? undefined : logFields()),
      ...link(fields, logger),
      ...options.mixin?.(fields, level, logger),
    }),
    serializers: { [errorKey]: describeError, ...options.serializers },
    hooks: { ...options.hooks, logMethod: neverThrowing(options.hooks?.logMethod, errorKey) },
  };
  return pino(guarded, bridged(target, shape));
}

type LogMethodHook = NonNullable<NonNullable<LoggerOptions["hooks"]>["logMethod"]>;

/** A line that cannot be written as it is, is written as far as it can be read. */
function neverThrowing(inner: LogMethodHook | undefined, errorKey: string): LogMethodHook {
  return function logMethod(args, method, level) {
    try {
      if (inner === undefined) method.apply(this, args);
      else inner.call(this, args, method, level);
    } catch {
      try {
        method.apply(this, rescued(args, errorKey));
      } catch {
        // the destination is what is broken: there is nowhere left to write to
      }
    }
  };
}

function rescued(args: readonly unknown[], errorKey: string): Parameters<LogMethodHook>[0] {
  const [first, ...rest] = args.map((value) => (isError(value) ? describeError(value) : value));
  const message = rest.find((value) => typeof value === "string") ?? "";
  if (typeof first !== "object" || first === null) return [String(first)];
  const fields = isError(args[0]) ? { [errorKey]: first } : readableFields(first);
  return [fields, String(message)] as unknown as Parameters<LogMethodHook>[0];
}

/** The destination, all of it (pino asks for more than `write`), with the OTLP bridge behind it. */
function bridged(target: DestinationStream, shape: LineShape): DestinationStream {
  const write = (line: string): void => {
    target.write(line);
    emitLogLine(line, shape);
  };
  return new Proxy(target, {
    get(_, key) {
      if (key === "write") return write;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (_, key, value) => Reflect.set(target, key, value, target),
  });
}
