/** Where links in dashboards lead; without a slash at the end. */
export interface StackLinks {
  /** Where the runbooks are, one page per alert: `<alert>.md`. */
  readonly runbookBaseUrl: string;
  /** Jaeger's UI. */
  readonly jaegerBaseUrl: string;
}
