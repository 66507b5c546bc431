import { parseScenario } from "../plan.ts";
import { scenarioName } from "../scenario.ts";
import { checkGoals, type GoalCheck, isMet } from "./goals.ts";
import type { Circumstances, Results } from "./results.ts";

const TITLES: Readonly<Record<string, string>> = {
  silent: "nothing listens",
  unsampled: "unsampled, metrics on",
  batch: "sampled, batched, null exporter",
  otlp: "sampled, OTLP JSON to a local process",
  paced: "10,000 publishes a second, OTLP JSON",
};

/** The page's generated part: goals, then every ratio, then bytes. */
export function toMarkdown(results: Results, circumstances: Circumstances): string {
  const cpu = results.scenarios("cpu").sort(inOrder);
  const bytes = results.scenarios("bytes").sort(inOrder);
  return [
    describe(circumstances, results),
    "### Goals\n",
    goalsTable(checkGoals(results)),
    "### CPU per publish, as ratios\n",
    "Each cell: µs, then how many times spanbus's (default options) that is.\n",
    ...Object.keys(TITLES).map((mode) =>
      cpuTable(
        mode,
        cpu.filter((name) => name.startsWith(`${mode}/`)),
        results,
      ),
    ),
    "### Bytes allocated per publish\n",
    bytesTable(bytes, results),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

/** The README's generated part: how many goals are met, and the most telling ones of either kind. */
export function toSummary(results: Results, { date, commit, node, cpu, cores }: Circumstances): string {
  const checks = checkGoals(results);
  const met = checks.filter((check) => isMet(check)).length;
  return [
    `${met} of ${checks.length} goals are met; some of them, and some that are not:\n`,
    goalsTable(TELLING.map((name) => goalNamed(name, checks))),
    `Measured ${date} at commit ${commit}, on ${cores} cores (${cpu}) with Node ${node}.`,
  ].join("\n");
}

/** The goals to show where there is little room. */
const TELLING = [
  "nothing listens, default, N = 1, per EventEmitter",
  "nothing listens, ambient: false, N = 1, per EventEmitter",
  "unsampled, N = 5, per direct",
  "sampled + batch, N = 5, per direct",
  "sampled + OTLP JSON, N = 1, per direct",
  "API histograms only: sampled + batch, N = 5, per direct",
];

function goalNamed(name: string, checks: readonly GoalCheck[]): GoalCheck {
  const found = checks.find((check) => check.name === name);
  if (found === undefined) throw new Error(`the summary shows "${name}", which is no goal`);
  return found;
}

/** The goals as one table. */
function goalsTable(checks: readonly GoalCheck[]): string {
  const rows = checks.map((check) => {
    const met = isMet(check);
    const verdict = met === undefined ? "not measured" : met ? "met" : "**not met**";
    const sign = check.isLowerBound ? "≥" : "≤";
    return [check.name, `${sign} ${amount(check.limit, check.unit)}`, amount(check.measured, check.unit), verdict];
  });
  return table(["case", "goal", "measured", ""], rows);
}

function describe(
  { date, command, node, cpu, cores, commit, versions, seconds }: Circumstances,
  results: Results,
): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured ${date} at commit ${commit} by \`${command}\` in ${Math.round(seconds)} s: ${results.rounds} rounds, each`,
    `contestant a process of its own, in a new order each round; medians over rounds of the ratios within a round.`,
    `Node ${node}, ${cores} cores (${cpu}). ${packages.join(", ")}.\n`,
  ].join("\n");
}

function cpuTable(mode: string, scenarios: readonly string[], results: Results): string {
  if (scenarios.length === 0) return "";
  const names = [...new Set(scenarios.flatMap((scenario) => results.contestants(scenario)))].sort();
  const rows = names.map((name) => [name, ...scenarios.map((scenario) => cpuCell(results, scenario, name))]);
  const heads = scenarios.map((name) => name.slice(mode.length + 1).replaceAll("/", " "));
  return `**${TITLES[mode]}**\n\n${table(["", ...heads], rows)}`;
}

function cpuCell(results: Results, scenario: string, name: string): string {
  const micros = results.cpu(scenario, name);
  if (micros === undefined) return "–";
  const exported = results.exported(scenario, name);
  const lost = exported !== undefined && exported < 0.995 ? `, ${(exported * 100).toFixed(0)} % exported` : "";
  const ratio = name === "spanbus" ? undefined : results.ratio(scenario, name, "spanbus");
  return `${short(micros)}${ratio === undefined ? "" : ` (${short(ratio)}×)`}${lost}`;
}

function bytesTable(scenarios: readonly string[], results: Results): string {
  if (scenarios.length === 0) return "";
  const names = [...new Set(scenarios.flatMap((scenario) => results.contestants(scenario)))].sort();
  const rows = names
    .filter((name) => scenarios.some((scenario) => results.bytes(scenario, name) !== undefined))
    .map((name) => [name, ...scenarios.map((scenario) => String(results.bytes(scenario, name) ?? "–"))]);
  return table(["", ...scenarios.map((name) => name.replaceAll("/", " "))], rows);
}

/** Rows under a head. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}

function amount(value: number | undefined, unit: string): string {
  if (value === undefined) return "–";
  return unit === "" ? short(value) : `${unit === "B" ? Math.round(value).toLocaleString("en") : short(value)} ${unit}`;
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(value < 0.1 ? 2 : 3)));
}

const KINDS = Object.keys(TITLES);

function inOrder(a: string, b: string): number {
  const [first, second] = [parseScenario(a), parseScenario(b)];
  const byMode = KINDS.indexOf(first.mode) - KINDS.indexOf(second.mode);
  if (byMode !== 0) return byMode;
  const rest = (name: string): string => name.slice(0, name.lastIndexOf("/"));
  return rest(scenarioName(first)).localeCompare(rest(scenarioName(second))) * -1 || first.handlers - second.handlers;
}
