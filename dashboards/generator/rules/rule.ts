/** A series that Prometheus computes and stores at each evaluation. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** An expression that should return nothing: each series it returns is an alert. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** How long the expression has to return a series before that is an alert; at once where it is left out. */
  readonly for?: string;
  readonly labels: { readonly severity: Severity } & Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<"summary" | "description" | "runbook_url" | "dashboard_url", string>> &
    Readonly<Record<string, string>>;
}

/** `page`: someone must act now; `ticket`: someone must act this week; `info`: worth knowing. */
export type Severity = "page" | "ticket" | "info";

export type Rule = RecordingRule | AlertRule;

/** Rules evaluated one after another, so that an alert sees what was recorded above it. */
export interface RuleGroup {
  readonly name: string;
  /** What a reader of the file should know, in whole lines. */
  readonly about: readonly string[];
  readonly rules: readonly Rule[];
}
