import { parseArgs } from "node:util";

/** What the hub was started to do. */
export interface Settings {
  readonly mode: "replay" | "serve" | "help";
  /** 0 takes a free one. */
  readonly port: number;
  /** Webhooks a second while serving; 0 sends none. */
  readonly rate: number;
  /** Decides the delivery ids of the replay, and with them what fails. */
  readonly seed: number;
  /** What senders sign with; undefined asks for a random one. */
  readonly secret: string | undefined;
  /** Undefined leaves it to what the hub does. */
  readonly logLevel: string | undefined;
  /** Jaeger's UI, for links; undefined leaves it to where the telemetry goes. */
  readonly jaegerUrl: string | undefined;
}

export const USAGE = `webhook-hub: GitHub webhooks through a spanbus, replayed from real ones

  npm start                        replay 329 real webhooks over HTTP, print the report, end
  npm start -- --serve             stay up, take webhooks, replay some all the time; Ctrl-C prints the report

Options
  --serve          stay up
  --rate <n>       with --serve: webhooks replayed a second, 0 to 1000 (default 5)
  --port <n>       port on 127.0.0.1 (default PORT, else a free one)
  --seed <n>       what fails is decided by this number (default 1)
  --help           this text

Environment
  WEBHOOK_SECRET                  what senders sign with (default: a random one)
  LOG_LEVEL                       JSON lines on stderr: trace, debug, info, warn, error, fatal or silent
                                  (default: info with --serve, unless stderr is a terminal; else silent)
  OTEL_EXPORTER_OTLP_ENDPOINT     also send traces and metrics there, such as http://localhost:4318
  JAEGER_URL                      Jaeger's UI, for links to traces in the report
                                  (default: http://localhost:16686 when telemetry goes to this machine)
  NO_COLOR                        no colours
`;

/** The command line or the environment asks for something that does not exist. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws UsageError */
export function readSettings(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Settings {
  const values = parse(args);
  const isServing = values.serve === true;
  if (values.rate !== undefined && !isServing) throw new UsageError("--rate needs --serve");
  const port = values.port === undefined ? { name: "PORT", text: env.PORT } : { name: "--port", text: values.port };
  const logLevel = env.LOG_LEVEL || undefined;
  if (logLevel !== undefined && !LEVELS.includes(logLevel))
    throw new UsageError(`LOG_LEVEL is "${logLevel}"; use one of ${LEVELS.join(", ")}`);
  const jaegerUrl = env.JAEGER_URL || undefined;
  if (jaegerUrl !== undefined && !(/^https?:\/\/[^?#@]+$/.test(jaegerUrl) && URL.canParse(jaegerUrl)))
    throw new UsageError(`JAEGER_URL is "${jaegerUrl}"; use a URL such as http://localhost:16686`);
  return {
    mode: values.help === true ? "help" : isServing ? "serve" : "replay",
    port: wholeNumber(port.name, port.text, { max: 65_535, byDefault: 0 }),
    rate: wholeNumber("--rate", values.rate, { max: 1_000, byDefault: 5 }),
    seed: wholeNumber("--seed", values.seed, { max: Number.MAX_SAFE_INTEGER, byDefault: 1 }),
    secret: env.WEBHOOK_SECRET || undefined,
    logLevel,
    jaegerUrl,
  };
}

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

const OPTIONS = {
  serve: { type: "boolean" },
  rate: { type: "string" },
  port: { type: "string" },
  seed: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

function parse(args: readonly string[]): {
  readonly [Name in keyof typeof OPTIONS]?:
    | ((typeof OPTIONS)[Name]["type"] extends "boolean" ? boolean : string)
    | undefined;
} {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

interface NumberRule {
  readonly max: number;
  readonly byDefault: number;
}

function wholeNumber(name: string, text: string | undefined, { max, byDefault }: NumberRule): number {
  if (text === undefined || text === "") return byDefault;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw new UsageError(`${name} is "${text}"; use a whole number from 0 to ${max}`);
}
