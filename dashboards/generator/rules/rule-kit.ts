import { sumBy } from "../promql.ts";
import { type Duration, scaled } from "./durations.ts";
import { type BoardLink, dashboardUrl, runbookUrl, type SpanLink, tracesUrl } from "./links.ts";
import type { AlertRule, Severity } from "./rule.ts";
import type { RuleSettings } from "./rule-options.ts";

/** What makes an alert, before links and time scale. */
export interface AlertSpec {
  readonly name: string;
  readonly expr: string;
  /** @default at once */
  readonly for?: Duration;
  readonly severity: Severity;
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
  readonly board: BoardLink;
  readonly spans?: SpanLink;
}

/** How long a counter may have been unseen and still count as known: longer than any restart of the stack. */
const KNOWN_FOR: Duration = "1h";

/** Makes the parts of rules under one set of options. */
export class RuleKit {
  readonly settings: RuleSettings;

  constructor(settings: RuleSettings) {
    this.settings = settings;
  }

  /** A window or a wait, scaled. */
  time(duration: Duration): string {
    return scaled(duration, this.settings.timeScale);
  }

  /**
   * What was added to counters within `window`, summed by `labels`. Unlike `increase` alone it counts the first addition
   * to a counter too: most counters do not exist before it, so its first sample is all that tells of it.
   */
  added(labels: readonly string[], counter: string, window: Duration): string {
    const time = this.time(window);
    const isNew = `(${counter} unless present_over_time(${counter}[${this.time(KNOWN_FOR)}] offset ${time}))`;
    return sumBy(labels, `${isNew} or increase(${counter}[${time}])`);
  }

  alert(spec: AlertSpec): AlertRule {
    const { name, expr, severity, labels, summary, description, board, spans } = spec;
    const { settings } = this;
    return {
      alert: name,
      expr,
      ...(spec.for && { for: this.time(spec.for) }),
      labels: { severity, ...labels },
      annotations: {
        summary,
        description,
        runbook_url: runbookUrl(name, settings),
        dashboard_url: dashboardUrl(board, settings),
        ...(spans && { traces_url: tracesUrl(spans, settings) }),
      },
    };
  }
}
