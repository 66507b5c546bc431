import type { ServiceLevel } from "../../../src/catalog/event-definition.ts";
import type { StackEvent } from "../model.ts";
import { LABELS } from "../prometheus-names.ts";
import { equal, escapeRegex, type Matcher, notMatches } from "../promql.ts";

/** The events that share an objective, as the matchers that find their series. */
export interface ObjectiveScope<Objective> {
  readonly matchers: readonly Matcher[];
  readonly objective: Objective;
}

/**
 * Who promises what: one scope for each event that promises something of its own, and one for all others, which have
 * the default. Every series is in exactly one.
 */
export function objectiveScopes<Objective>(
  events: readonly StackEvent[],
  read: (slo: ServiceLevel) => Objective | undefined,
  fallback: Objective,
): readonly ObjectiveScope<Objective>[] {
  const own = events.flatMap(({ name, slo }) => {
    const objective = slo && read(slo);
    return objective === undefined ? [] : [{ name, objective }];
  });
  const others =
    own.length === 0 ? [] : [notMatches(LABELS.destination, own.map(({ name }) => escapeRegex(name)).join("|"))];
  return [
    { matchers: others, objective: fallback },
    ...own.map(({ name, objective }) => ({ matchers: [equal(LABELS.destination, name)], objective })),
  ];
}

/** The share that may go wrong, without the noise of binary fractions: 0.001 for 0.999. */
export function budgetOf(objective: number): number {
  return Number((1 - objective).toPrecision(12));
}
