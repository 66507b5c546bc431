import { format } from "node:util";

/** pino's levels, in rising order. */
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** pino's call shapes: fields and a message, an error, or a message with `%s` values. */
interface LogMethod {
  (fields: object, message?: string, ...values: unknown[]): void;
  (message: string, ...values: unknown[]): void;
}

interface RecordedLine {
  readonly level: LogLevel;
  readonly message: string;
  /** The bindings of the logger and its parents, then the fields of the call; an error passed as fields is `err`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A pino-shaped logger that keeps its lines; its methods may be destructured. */
export interface RecordingLogger extends Record<LogLevel, LogMethod> {
  /** Lines below this level are not written; children start with their parent's. */
  level: LogLevel;
  isLevelEnabled(level: LogLevel): boolean;
  /** Writes into the same record, with these fields added to every line. */
  child(bindings: Record<string, unknown>): RecordingLogger;
  /** Everything written so far, by this logger, its parents and its children. */
  lines(): readonly RecordedLine[];
  clear(): void;
}

export function createRecordingLogger(
  options: { /** @default "trace" */ readonly level?: LogLevel } = {},
): RecordingLogger {
  return loggerOver([], {}, options.level ?? "trace");
}

function loggerOver(record: RecordedLine[], bindings: Record<string, unknown>, level: LogLevel): RecordingLogger {
  const writer = (own: LogLevel): LogMethod => {
    return (first: object | string, ...rest: unknown[]): void => {
      if (!logger.isLevelEnabled(own)) return;
      record.push({ level: own, ...read(first, rest, bindings) });
    };
  };
  const logger: RecordingLogger = {
    level,
    trace: writer("trace"),
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    fatal: writer("fatal"),
    isLevelEnabled: (asked) => LOG_LEVELS.indexOf(asked) >= LOG_LEVELS.indexOf(logger.level),
    child: (more) => loggerOver(record, { ...bindings, ...more }, logger.level),
    lines: () => [...record],
    clear: () => {
      record.length = 0;
    },
  };
  return logger;
}

function read(first: object | string, rest: readonly unknown[], bindings: object): Omit<RecordedLine, "level"> {
  if (typeof first === "string") return { message: format(first, ...rest), fields: { ...bindings } };
  const [message = first instanceof Error ? first.message : "", ...values] = rest;
  const fields = first instanceof Error ? { err: first } : first;
  return { message: format(message, ...values), fields: { ...bindings, ...fields } };
}
