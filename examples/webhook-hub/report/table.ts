/** One column: its heading, and how its cells look. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** @default "right" */
  readonly align?: "left" | "right";
}

/** A table as lines, the heading first: columns as wide as their widest cell, `gap` between them. */
export function tableLines<Row>(rows: readonly Row[], columns: readonly Column<Row>[], gap = "  "): string[] {
  const cells = [columns.map((column) => column.heading), ...rows.map((row) => columns.map((each) => each.cell(row)))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  return cells.map((line) =>
    line
      .map((cell, i) => (columns[i]?.align === "left" ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join(gap)
      .trimEnd(),
  );
}
