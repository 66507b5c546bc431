import type { Screen } from "./screen.ts";
import { clip, count } from "./text.ts";

const REDRAW_MS = 80;
const BAR_WIDTH = 30;

/** How far a known amount of work has come: drawn over and over on a terminal, a line for each quarter elsewhere. */
export class ProgressBar {
  readonly #screen: Screen;
  readonly #total: number;
  /** Told beside the bar. */
  readonly #note: () => string;
  readonly #timer: NodeJS.Timeout | undefined;
  #done = 0;

  constructor(screen: Screen, total: number, note: () => string) {
    this.#screen = screen;
    this.#total = total;
    this.#note = note;
    this.#timer = screen.isLive ? setInterval(() => this.#draw(), REDRAW_MS) : undefined;
  }

  /** One more piece of the work is done. */
  advance(): void {
    const quarter = Math.floor((this.#done * 4) / this.#total);
    this.#done++;
    const isNewQuarter = Math.floor((this.#done * 4) / this.#total) > quarter;
    if (!this.#screen.isLive && isNewQuarter) this.#screen.write(`  ${this.#text()}\n`);
  }

  /** Takes the bar off the terminal. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#screen.isLive) this.#screen.write("\r\x1b[2K");
  }

  #draw(): void {
    const { paint } = this.#screen;
    const filled = Math.round((this.#done / this.#total) * BAR_WIDTH);
    const bar = paint("green", "█".repeat(filled)) + paint("dim", "░".repeat(BAR_WIDTH - filled));
    const text = clip(this.#text(), this.#screen.width - BAR_WIDTH - 4); // a second line could not be drawn over
    this.#screen.write(`\r\x1b[2K  ${bar} ${text}`);
  }

  #text(): string {
    return `${count(this.#done)} of ${count(this.#total)} · ${this.#note()}`;
  }
}
