import type { DeliveryFailure } from "spanbus";
import type { ServiceAnswer } from "../http/answers.ts";
import type { Screen } from "./screen.ts";
import { clip, count } from "./text.ts";

const MAX_LINES_A_SECOND = 20;
const TIME_WIDTH = 8;
const ID_WIDTH = 36;

/** One line for each webhook that comes in and each delivery that fails, for a person who watches. */
export class LiveLog {
  readonly #screen: Screen;
  readonly #timer: NodeJS.Timeout;
  #lines = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#timer = setInterval(() => this.#endSecond(), 1_000);
  }

  answer({ status, reason, event, correlationId }: ServiceAnswer): void {
    const { paint } = this.#screen;
    const mark = paint(status < 300 ? "green" : "yellow", String(status));
    this.#line(mark, event ?? reason, correlationId);
  }

  failure({ subscription, error, event, outcome }: DeliveryFailure): void {
    const text = outcome === "timed_out" ? "timeout" : error instanceof Error ? error.message : "failed";
    this.#line(this.#screen.paint("red", " ✗ "), `${subscription}: ${text}`, event.correlationId);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #line(mark: string, text: string, correlationId: string | undefined): void {
    if (++this.#lines > MAX_LINES_A_SECOND) return;
    const { paint, width } = this.#screen;
    const time = new Date().toTimeString().slice(0, TIME_WIDTH);
    const textWidth = width - TIME_WIDTH - ID_WIDTH - 7;
    const id = paint("dim", clip(correlationId ?? "", ID_WIDTH));
    this.#screen.write(`${paint("dim", time)} ${mark} ${clip(text, textWidth).padEnd(textWidth)} ${id}\n`);
  }

  #endSecond(): void {
    const rest = this.#lines - MAX_LINES_A_SECOND;
    if (rest > 0) this.#screen.write(this.#screen.paint("dim", `         … and ${count(rest)} more\n`));
    this.#lines = 0;
  }
}
