/** A file of the stack, to be written below some folder. */
export interface GeneratedFile {
  /** From that folder, with forward slashes: `grafana/dashboards/overview.json`. */
  readonly path: string;
  readonly content: string;
}
