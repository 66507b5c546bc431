import { parseArgs } from "node:util";
import { BusError } from "../../../src/errors.ts";

/** What `spanbus dashboards` is asked to do. */
export interface DashboardsCommand {
  readonly help: boolean;
  /** Whether to compare only. */
  readonly check: boolean;
  readonly out: string;
  readonly from: string | undefined;
  readonly exportName: string | undefined;
  readonly service: string | undefined;
  readonly runbookBaseUrl: string | undefined;
  readonly dashboardBaseUrl: string | undefined;
  readonly jaegerBaseUrl: string | undefined;
  readonly timeScale: number | undefined;
}

export const USAGE = `spanbus dashboards: Grafana dashboards, recording rules and alert rules for your events

  npx spanbus dashboards --from ./events.ts --out dashboards/

Without --from it makes the generic ones, which fit every spanbus service.

  --from <file>        a module that exports a catalog (defineEvents), a bus, or what bus.describe() returned; .ts
                       (as Node runs it), .js or .mjs, or a .json file of bus.describe(); the module is run
  --export <name>      which export to take, where several would do
  --out <folder>       where to write [dashboards]: grafana/dashboards/*.json and prometheus/rules/*.yml below it
  --check              write nothing; exit with 1 when a file is missing or differs
  --service <name>     the service.name the dashboards open with
  --runbooks <url>     where the runbook pages are, for links in alerts and dashboards
  --grafana <url>      where Grafana is, for links in alerts [http://localhost:3000]
  --jaeger <url>       where Jaeger's UI is, for links in dashboards and alerts [http://localhost:16686]
  --time-scale <n>     multiplies every window and wait of the rules: 0.0166 turns minutes into seconds, for trials
  --help               this text
`;

/**
 * Reads the arguments behind `spanbus`.
 *
 * @throws BusError `INVALID_OPTION`
 */
export function readArguments(args: readonly string[]): DashboardsCommand {
  const { values, positionals } = parse(args);
  const [command, ...surplus] = positionals;
  const help = values.help ?? false;
  if (!help && command !== "dashboards") {
    const text = command === undefined ? "no command given" : `there is no command ${JSON.stringify(command)}`;
    throw invalid(`${text}; the command is: dashboards`);
  }
  if (surplus.length > 0) throw invalid(`${JSON.stringify(surplus[0])} is surplus; --from goes before a file`);
  return {
    help,
    check: values.check ?? false,
    out: values.out ?? "dashboards",
    from: values.from,
    exportName: values.export,
    service: values.service,
    runbookBaseUrl: values.runbooks,
    dashboardBaseUrl: values.grafana,
    jaegerBaseUrl: values.jaeger,
    timeScale: values["time-scale"] === undefined ? undefined : Number(values["time-scale"]),
  };
}

type Parsed = ReturnType<typeof parseStrictly>;

function parse(args: readonly string[]): Parsed {
  try {
    return parseStrictly(args);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error), error);
  }
}

function parseStrictly(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      from: { type: "string" },
      export: { type: "string" },
      out: { type: "string" },
      check: { type: "boolean" },
      service: { type: "string" },
      runbooks: { type: "string" },
      grafana: { type: "string" },
      jaeger: { type: "string" },
      "time-scale": { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function invalid(text: string, cause?: unknown): BusError {
  return new BusError("INVALID_OPTION", `${text} (see npx spanbus dashboards --help)`, { cause });
}
