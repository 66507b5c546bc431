import { type Contestant, canRun } from "./contestant.ts";
import { CONTESTANTS } from "./contestants.ts";
import { type Scenario, scenarioName } from "./scenario.ts";

/** Contestants that meet in one scenario, and what is measured of them. */
export interface Group {
  readonly scenario: Scenario;
  readonly contestants: readonly Contestant[];
  readonly what: "cpu" | "bytes";
}

const OURS = ["spanbus", "spanbus ambient:false"];
const EMITTERS = ["EventEmitter", "emittery", "EventEmitter2", "EventEmitter2.emitAsync"];
const FRAMEWORKS = ["@nestjs/event-emitter", "@nestjs/cqrs", "moleculer", "effect"];
const PROGRAMS = ["direct", "tutorial"];
const TRACED = ["spanbus", "spanbus, own SDK", ...PROGRAMS];
const WRAPPED = ["EventEmitter", "emittery", "EventEmitter2", "@nestjs/event-emitter", "@nestjs/cqrs"].map(
  (name) => `${name}, hand-wrapped`,
);
const EVERYBODY = [...OURS, ...PROGRAMS, ...EMITTERS, ...FRAMEWORKS];
const LEADING = [...OURS, "direct", ...EMITTERS];

/** Scenario, then who: `bytes` measures allocation, once. */
type Row = readonly [name: string, contestants: readonly string[]];

const FULL: readonly Row[] = [
  ["silent/sync/exact/1", EVERYBODY],
  ["silent/sync/exact/5", EVERYBODY],
  ["silent/sync/exact/50", LEADING],
  ["silent/async/exact/1", LEADING],
  ["silent/async/exact/5", EVERYBODY],
  ["silent/throwing/exact/1", LEADING],
  ["silent/throwing/exact/5", EVERYBODY],
  ["silent/sync/wildcard/1", [...OURS, ...EMITTERS, "@nestjs/event-emitter", "moleculer"]],
  ["silent/sync/wildcard/5", [...OURS, ...EMITTERS]],
  ["unsampled/sync/exact/1", TRACED],
  ["unsampled/sync/exact/5", TRACED],
  ["unsampled/sync/exact/50", ["spanbus", "direct"]],
  ["batch/sync/exact/1", TRACED],
  ["batch/sync/exact/5", [...TRACED, ...WRAPPED, "moleculer", "effect"]],
  ["batch/sync/exact/50", ["spanbus", "direct"]],
  ["batch/async/exact/5", TRACED],
  ["batch/throwing/exact/5", ["spanbus", "direct"]],
  ["otlp/sync/exact/1", TRACED],
  ["otlp/sync/exact/5", TRACED],
  ["paced/sync/exact/1", ["spanbus", "spanbus, own SDK", "direct"]],
];

const FULL_BYTES: readonly Row[] = [
  ["silent/sync/exact/1", EVERYBODY],
  ["silent/sync/exact/5", [...OURS, ...EMITTERS, ...PROGRAMS]],
  ["unsampled/sync/exact/1", TRACED],
  ["unsampled/sync/exact/5", TRACED],
  ["batch/sync/exact/1", TRACED],
  ["batch/sync/exact/5", TRACED],
];

const QUICK: readonly Row[] = [
  ["silent/sync/exact/1", [...OURS, "EventEmitter", "emittery"]],
  ["silent/sync/exact/5", [...OURS, "EventEmitter", "emittery"]],
  ["silent/async/exact/5", [...OURS, "EventEmitter2.emitAsync", "emittery"]],
  ["silent/sync/wildcard/1", ["spanbus ambient:false", "EventEmitter2"]],
  ["unsampled/sync/exact/1", ["spanbus", "direct"]],
  ["unsampled/sync/exact/5", ["spanbus", "direct"]],
  ["batch/sync/exact/1", ["spanbus", "direct"]],
  ["batch/sync/exact/5", ["spanbus", "spanbus, own SDK", "direct"]],
  ["otlp/sync/exact/5", ["spanbus", "direct"]],
  ["paced/sync/exact/1", ["spanbus", "direct"]],
];

const QUICK_BYTES: readonly Row[] = [
  ["silent/sync/exact/1", OURS],
  ["unsampled/sync/exact/5", ["spanbus"]],
  ["batch/sync/exact/5", ["spanbus"]],
];

/** Everything to measure; `filter` picks from `scenario contestant`, such as `batch/sync/exact/5 direct`. */
export function makePlan(options: { readonly isQuick: boolean; readonly filter: RegExp }): Group[] {
  const [cpu, bytes] = options.isQuick ? [QUICK, QUICK_BYTES] : [FULL, FULL_BYTES];
  return [
    ...cpu.map((row) => groupOf(row, "cpu", options.filter)),
    ...bytes.map((row) => groupOf(row, "bytes", options.filter)),
  ].filter((group) => group.contestants.length > 0);
}

/** What a filter can pick from: scenarios with their contestants, one line each. */
export function allNames({ isQuick }: { readonly isQuick: boolean }): string[] {
  return makePlan({ isQuick, filter: /(?:)/ }).map(({ scenario, contestants, what }) => {
    const names = contestants.map(({ name }) => name).join(", ");
    return `${what === "bytes" ? "bytes " : ""}${scenarioName(scenario)}: ${names}`;
  });
}

function groupOf([name, who]: Row, what: "cpu" | "bytes", filter: RegExp): Group {
  const scenario = parseScenario(name);
  const contestants = CONTESTANTS.filter((each) => who.includes(each.name))
    .filter((each) => canRun(each, scenario))
    .filter((each) => filter.test(`${what === "bytes" ? "bytes " : ""}${name} ${each.name}`));
  return { scenario, contestants, what };
}

/** The opposite of `scenarioName`. */
export function parseScenario(name: string): Scenario {
  const [mode, kind, subscribed, handlers] = name.split("/");
  const scenario = { mode, kind, subscribed, handlers: Number(handlers) } as Scenario;
  if (scenarioName(scenario) !== name || !MODES.includes(scenario.mode) || !(scenario.handlers > 0)) {
    throw new Error(`"${name}" is no scenario: mode/kind/exact|wildcard/handlers, such as silent/sync/exact/1`);
  }
  return scenario;
}

const MODES = ["silent", "unsampled", "batch", "otlp", "paced"];
