import type { ServiceLevel } from "../../../src/catalog/event-definition.ts";
import { OptionCheck } from "../../../src/check.ts";
import { DURATION_BOUNDARIES } from "../../../src/telemetry/semconv.ts";

/** What alert rules take for granted where the catalog says nothing else. */
export interface RuleOptions {
  /** Where the runbook pages are; the alert's name and `.md` follow. @default the pages in spanbus's repository */
  readonly runbookBaseUrl?: string | undefined;
  /** Where Grafana is. @default "http://localhost:3000" */
  readonly dashboardBaseUrl?: string | undefined;
  /** Where Jaeger's user interface is. @default "http://localhost:16686" */
  readonly jaegerBaseUrl?: string | undefined;
  /** The objectives of events that have no `slo` of their own. */
  readonly objectives?: DefaultObjectives | undefined;
  /** How long a handler may be busy without settling a single delivery, in milliseconds. @default 900_000 */
  readonly stalledAfterMs?: number | undefined;
  /** Spans that the exporter keeps at most: the `queueSize` of `startTelemetry`. @default 8192 */
  readonly spanQueueCapacity?: number | undefined;
  /**
   * Every window and every wait is multiplied by it: `1 / 60` turns minutes into seconds, to see alerts fire in a test.
   * The names of recorded series keep their nominal windows. @default 1
   */
  readonly timeScale?: number | undefined;
}

/** Objectives for every event that does not promise its own. */
export interface DefaultObjectives {
  /** The share of deliveries to be handled. @default 0.999 */
  readonly handling?: number | undefined;
  /** The share of publish calls to succeed. @default 0.999 */
  readonly publishing?: number | undefined;
  /** The share of deliveries to be settled in time; `withinMs` is a bucket boundary. @default { withinMs: 250, ratio: 0.99 } */
  readonly latency?: ServiceLevel["latency"];
}

/** {@link RuleOptions} with every default filled in. */
export interface RuleSettings {
  readonly runbookBaseUrl: string;
  readonly dashboardBaseUrl: string;
  readonly jaegerBaseUrl: string;
  readonly objectives: {
    readonly handling: number;
    readonly publishing: number;
    readonly latency: { readonly withinMs: number; readonly ratio: number };
  };
  readonly stalledAfterMs: number;
  readonly spanQueueCapacity: number;
  readonly timeScale: number;
}

/** What holds where an option is left out. */
const RULE_DEFAULTS: RuleSettings = {
  runbookBaseUrl: "https://github.com/spanbus/spanbus/blob/main/dashboards/runbooks/",
  dashboardBaseUrl: "http://localhost:3000",
  jaegerBaseUrl: "http://localhost:16686",
  objectives: { handling: 0.999, publishing: 0.999, latency: { withinMs: 250, ratio: 0.99 } },
  stalledAfterMs: 900_000,
  spanQueueCapacity: 8192,
  timeScale: 1,
};

/**
 * Checks the options and fills in the defaults.
 *
 * @throws BusError `INVALID_OPTION`, naming the option, its value and the range
 */
export function resolveRuleOptions(options: RuleOptions = {}): RuleSettings {
  const owner = "cannot make alert rules";
  const check = new OptionCheck(owner, options, Object.keys(RULE_DEFAULTS));
  for (const key of ["runbookBaseUrl", "dashboardBaseUrl", "jaegerBaseUrl"])
    check.matching(key, "an http(s) URL", isUrl);
  check.object("objectives");
  check.number("stalledAfterMs", { min: 1_000, max: 604_800_000 });
  check.number("spanQueueCapacity", { min: 1, max: 10_000_000, integer: true });
  check.number("timeScale", { min: 1 / 3600, max: 1 });
  const { objectives = {} } = options;
  const objectiveCheck = new OptionCheck(`${owner}: objectives`, objectives, ["handling", "publishing", "latency"]);
  for (const key of ["handling", "publishing"]) objectiveCheck.matching(key, RATIO_FORM, isRatio);
  objectiveCheck.matching("latency", "{ withinMs, ratio }: a bucket boundary of the histograms and a share", isLatency);
  return {
    ...RULE_DEFAULTS,
    ...definedOnly(options),
    objectives: { ...RULE_DEFAULTS.objectives, ...definedOnly(objectives) },
  };
}

const RATIO_FORM = "more than 0 and less than 1, such as 0.999 for 99.9 %";

function isRatio(value: unknown): boolean {
  return typeof value === "number" && value > 0 && value < 1;
}

function isLatency(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { withinMs, ratio } = value as { withinMs?: unknown; ratio?: unknown };
  const boundaries = DURATION_BOUNDARIES.map((seconds) => Number((seconds * 1000).toPrecision(6)));
  return boundaries.includes(withinMs as number) && isRatio(ratio);
}

function isUrl(value: unknown): boolean {
  return typeof value === "string" && URL.canParse(value) && /^https?:/.test(value);
}

function definedOnly<Options extends object>(
  options: Options,
): { [Key in keyof Options]?: Exclude<Options[Key], undefined> } {
  const defined = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as { [Key in keyof Options]?: Exclude<Options[Key], undefined> };
}
