import { table } from "../report/markdown.ts";
import { count, isBroken, isWithin, type Limit, type Reading } from "./figure.ts";

/** The readings of a figure, under its title. */
export interface Measured {
  readonly title: string;
  readonly readings: readonly Reading[];
}

/** All figures as one table; what broke its limit is in bold. */
export function soakTable(figures: readonly Measured[]): string {
  const rows = figures.flatMap(({ title, readings }) =>
    readings.map((reading, i) => [i === 0 ? title : "", reading.what, limitOf(reading), measuredOf(reading)]),
  );
  return table(["asked", "figure", "limit", "measured"], rows);
}

/** The readings that are not as they must be. */
export function brokenIn(figures: readonly Measured[]): readonly string[] {
  return figures.flatMap(({ title, readings }) =>
    readings.filter(isBroken).map((reading) => `${title}: ${reading.what}: ${amount(reading.measured, reading.unit)}`),
  );
}

function limitOf({ limit, unit }: Reading): string {
  if (limit === undefined) return "–";
  const [[kind, value]] = Object.entries(limit) as [[keyof typeof SIGNS, number]];
  return `${SIGNS[kind]} ${amount(value, unit)}`;
}

const SIGNS = { atMost: "≤", atLeast: "≥", exactly: "=" } as const satisfies Record<KeysOf<Limit>, string>;

type KeysOf<Union> = Union extends unknown ? keyof Union : never;

function measuredOf(reading: Reading): string {
  const text = amount(reading.measured, reading.unit);
  return isWithin(reading) ? text : `**${text}**`;
}

function amount(value: number, unit: string): string {
  const number =
    Number.isInteger(value) || !Number.isFinite(value) ? count(value) : String(Number(value.toPrecision(3)));
  return unit === "" ? number : `${number} ${unit}`;
}
