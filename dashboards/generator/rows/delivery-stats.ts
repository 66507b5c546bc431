import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { overTime } from "../grafana/query.ts";
import { stat } from "../grafana/stat.ts";
import { failedShare, perSecond } from "../measures.ts";
import { LABELS, SERIES } from "../prometheus-names.ts";
import { equal } from "../promql.ts";
import type { Scope } from "../scope.ts";

/** How many deliveries succeed. */
export function handledStat({ delivered }: Scope): Panel {
  return stat(
    { title: "Handled", description: "Deliveries handled per second.", unit: "eps", noValue: "0" },
    overTime(perSecond(SERIES.deliveries, [...delivered, equal(LABELS.outcome, "handled")]), "handled"),
  );
}

/** How many of those that were promised do not. */
export function failedShareStat({ delivered }: Scope): Panel {
  return stat(
    {
      title: "Failed share",
      description:
        "Deliveries that failed or timed out for good, or were dropped or aborted, among those that were handled or should have been. Retries that helped and discarded events do not count.",
      unit: "percentunit",
      decimals: 2,
      thresholds: { warning: 0.001, critical: 0.01 },
      noValue: "no deliveries",
    },
    overTime(failedShare(delivered), "failed"),
  );
}
