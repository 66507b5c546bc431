import { type Panel, RowBuilder, type RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";

/** A titled part of a dashboard. */
export interface Section {
  readonly title: string;
  /** Whether it opens closed; nothing in it is queried before somebody opens it. @default false */
  readonly collapsed?: boolean;
  readonly lines: readonly Line[];
}

/** Panels side by side, sharing the width. */
interface Line {
  /** In rows of the grid, of 30 pixels each. */
  readonly height: number;
  readonly panels: readonly Panel[];
}

/** Width of the grid, in columns. */
const COLUMNS = 24;

/** Places the sections one below the other, and gives every panel an id of its own, in reading order. */
export function placeSections(sections: readonly Section[]): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let y = 0;
  let id = 1;
  for (const { title, collapsed = false, lines } of sections) {
    const row = new RowBuilder(title).collapsed(collapsed).id(id++).gridPos({ x: 0, y: y++, w: COLUMNS, h: 1 }).build();
    const panels: Panel[] = [];
    for (const { height, panels: beside } of lines) {
      for (const [i, panel] of beside.entries()) {
        const x = columnOf(i, beside.length);
        panels.push({ ...panel, id: id++, gridPos: { x, y, w: columnOf(i + 1, beside.length) - x, h: height } });
      }
      y += height;
    }
    placed.push(collapsed ? { ...row, panels } : row);
    if (!collapsed) placed.push(...panels);
  }
  return placed;
}

function columnOf(index: number, count: number): number {
  return Math.round((index * COLUMNS) / count);
}
