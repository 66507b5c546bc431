import { format } from "node:util";
import type { Logger } from "../logger.ts";

/** pino's levels, in rising order. */
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/** The level of a log line. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** pino's call shapes: fields and a message, an error, or a message with `%s` values. */
interface LogMethod {
  (fields: object, message?: string, ...values: unknown[]): void;
  (message: string, ...values: unknown[]): void;
}

/** A log line that was written. */
export interface LogLine {
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
  lines(): readonly LogLine[];
  clear(): void;
}

/** Options of {@link createRecordingLogger}. */
export interface RecordingLoggerOptions {
  /** @default "trace" */
  readonly level?: LogLevel | undefined;
  /** Gets every line too. @default none */
  readonly forwardTo?: Logger | undefined;
  /** Hears of every line as it is written. @default none */
  readonly onLine?: ((line: LogLine) => void) | undefined;
}

/** Makes a logger that keeps its lines instead of printing them: for `new EventBus({ logger })`, or for the code under test. */
export function createRecordingLogger(options: RecordingLoggerOptions = {}): RecordingLogger {
  return loggerOver({ lines: [], ...options }, {}, options.level ?? "trace");
}

/** What a logger and its children share. */
interface LogRecord extends RecordingLoggerOptions {
  readonly lines: LogLine[];
}

function loggerOver(record: LogRecord, bindings: Record<string, unknown>, level: LogLevel): RecordingLogger {
  const writer = (own: LogLevel): LogMethod => {
    return (first: object | string, ...rest: unknown[]): void => {
      if (!logger.isLevelEnabled(own)) return;
      const line = { level: own, ...read(first, rest, bindings) };
      record.lines.push(line);
      record.onLine?.(line);
      forward(record.forwardTo, line);
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
    lines: () => [...record.lines],
    clear: () => {
      record.lines.length = 0;
    },
  };
  return logger;
}

/** Writes a line to another logger, which may know fewer levels. */
function forward(logger: Logger | undefined, { level, message, fields }: LogLine): void {
  if (logger === undefined) return;
  const known = level === "trace" ? "debug" : level === "fatal" ? "error" : level;
  logger[known](fields, message);
}

function read(first: object | string, rest: readonly unknown[], bindings: object): Omit<LogLine, "level"> {
  if (typeof first === "string") return { message: format(first, ...rest), fields: { ...bindings } };
  const [message = first instanceof Error ? first.message : "", ...values] = rest;
  const fields = first instanceof Error ? { err: first } : first;
  return { message: format(message, ...values), fields: { ...bindings, ...fields } };
}
