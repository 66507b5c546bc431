import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { graph } from "../grafana/graph.ts";
import type { Section } from "../grafana/layout.ts";
import { overTime } from "../grafana/query.ts";
import { ofErrorType, perSecond, total } from "../measures.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { notEqual } from "../promql.ts";
import type { Scope } from "../scope.ts";

/** What goes wrong, where and why. */
export function failures(scope: Scope): Section {
  return {
    title: "Failures",
    lines: [
      { height: 8, panels: [...failedDeliveries(scope), deadLetters(scope)] },
      { height: 8, panels: troubledAttempts(scope) },
      { height: 8, panels: troubledPublishing(scope) },
    ],
  };
}

function failedDeliveries({ delivered }: Scope): Panel[] {
  const { outcome, disposition, reason } = LABELS;
  return [
    graph(
      {
        title: "Failed attempts, by error",
        description: "Attempts that threw or timed out, by `error.type`; retries may still have helped.",
        noValue: "no attempt failed",
        unit: "cps",
        stacked: true,
      },
      overTime(
        perSecond(SERIES.consumed, [...delivered, ofErrorType()], [LABELS.errorType]),
        `{{${LABELS.errorType}}}`,
      ),
    ),
    graph(
      {
        title: "Deliveries not handled, by outcome",
        description: "How deliveries ended that were not handled, with what became of the event and why.",
        noValue: "every delivery was handled",
        unit: "cps",
        stacked: true,
      },
      overTime(
        perSecond(SERIES.deliveries, [...delivered, notEqual(outcome, "handled")], [outcome, disposition, reason]),
        `{{${outcome}}} {{${disposition}}} {{${reason}}}`,
      ),
    ),
  ];
}

function deadLetters({ delivered }: Scope): Panel {
  return graph(
    {
      title: "Dead letters",
      description:
        "Events set aside after their last attempt: held now, and stored, replayed, removed and evicted per second. An evicted one is lost.",
      unit: "short",
    },
    overTime(total(SERIES.deadLettersStored, delivered), "held"),
    overTime(
      perSecond(SERIES.deadLetterEvents, delivered, [LABELS.deadLetterOperation]),
      `{{${LABELS.deadLetterOperation}}} per second`,
    ),
  );
}

function troubledAttempts({ delivered }: Scope): Panel[] {
  const handler = [LABELS.subscription];
  const legend = `{{${LABELS.subscription}}}`;
  return [
    graph(
      {
        title: "Retries",
        description: "Attempts after the first, by handler. Many of them load what is failing already.",
        noValue: "no retries",
        unit: "cps",
      },
      overTime(perSecond(SERIES.retries, delivered, handler), legend),
    ),
    graph(
      {
        title: "Timeouts",
        description: "Attempts that took longer than the subscription's `timeoutMs`, by handler.",
        noValue: "no timeouts",
        unit: "cps",
      },
      overTime(perSecond(SERIES.consumed, [...delivered, ofErrorType("timeout")], handler), legend),
    ),
    graph(
      {
        title: "Late results",
        description: "Handlers that returned after their attempt had timed out: they do not heed `ctx.signal`.",
        noValue: "no late results",
        unit: "cps",
      },
      overTime(perSecond(SERIES.lateResults, delivered, handler), legend),
    ),
  ];
}

function troubledPublishing({ published }: Scope): Panel[] {
  return [
    graph(
      {
        title: "Refused publish calls, by reason",
        description: "The reason is the error's code in lower case; docs/errors.md says what to do.",
        noValue: "nothing was refused",
        unit: "eps",
        stacked: true,
      },
      overTime(perSecond(SERIES.refused, published, [LABELS.refusalReason]), `{{${LABELS.refusalReason}}}`),
    ),
    graph(
      {
        title: "Unrouted events",
        description: "Accepted events that no subscription matched, by event.",
        noValue: "no unrouted events",
        unit: "eps",
      },
      overTime(perSecond(SERIES.unrouted, published, [LABELS.destination]), `{{${LABELS.destination}}}`),
    ),
  ];
}
