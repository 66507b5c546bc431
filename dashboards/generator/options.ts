/** Where the links in dashboards and alerts lead. */
export interface StackLinks {
  /** Where the runbooks are; a page's name, `<alert>.md`, is put behind it. @default the runbooks of this project */
  readonly runbookBaseUrl: string;
  /** Grafana, for links in alerts. @default "http://localhost:3000" */
  readonly dashboardBaseUrl: string;
  /** Jaeger's UI, for links in dashboards. @default "http://localhost:16686" */
  readonly jaegerBaseUrl: string;
}

/** The defaults of {@link StackLinks}: the compose stack on this machine. */
export const DEFAULT_LINKS: StackLinks = {
  runbookBaseUrl: "https://github.com/spanbus/spanbus/blob/main/dashboards/runbooks/",
  dashboardBaseUrl: "http://localhost:3000",
  jaegerBaseUrl: "http://localhost:16686",
};
