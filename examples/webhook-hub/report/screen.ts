import { styleText } from "node:util";

/** Colours and weights a report may use. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Gives text a style, or leaves it as it is where styles do not show. */
export type Paint = (style: Style, text: string) => string;

/** Where a report goes. */
export interface Screen {
  /** Columns to use. */
  readonly width: number;
  /** Whether lines can be drawn over. */
  readonly isLive: boolean;
  readonly paint: Paint;
  write(text: string): void;
}

/** What a section of a report needs to know of its screen. */
export type Sheet = Pick<Screen, "width" | "paint">;

/** A terminal, file or pipe as a screen: colours on a terminal only, and not with NO_COLOR. */
export function screenOf(stream: NodeJS.WriteStream): Screen {
  const columns = stream.columns ?? MAX_WIDTH;
  return {
    width: Math.min(Math.max(columns, MIN_WIDTH), MAX_WIDTH),
    isLive: stream.isTTY === true && columns >= MIN_WIDTH && process.env.TERM !== "dumb",
    paint: (style, text) => styleText(style, text, { stream }),
    write: (text) => void stream.write(text),
  };
}

/** Narrower than this a report is not worth reading, wider than that its lines are hard to follow. */
const MIN_WIDTH = 80;
const MAX_WIDTH = 100;
