import { describeValue } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { ignoreRejection } from "../thenable.ts";
import { telemetryCells } from "./cells.ts";
import { LOG_EVENTS } from "./semconv.ts";

/** What can throw without anybody but the operator noticing. */
export type GuardedPart =
  | "tracer"
  | "span"
  | "meter"
  | "propagator"
  | "context_manager"
  | "logger"
  | "attribute_extractor"
  | "error_handler"
  | "classifier"
  | "order_by"
  | "redactor"
  | "id_generator"
  | "clock"
  | "random";

const LOG_INTERVAL_MS = 60_000;

/** The telemetry firewall: counts what telemetry or a user callback threw, and logs it at most once a minute. */
export class Guard {
  readonly #logger: Logger;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unlogged = 0;
  #describe: (error: unknown) => string = () => "an error";

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** How a caught error may be written: as far as the bus's `errors` and `redact` options let it. */
  describeWith(describe: (error: unknown) => string): void {
    this.#describe = describe;
  }

  /** Runs `call`; what it throws is counted, and `fallback` returned. */
  run<Result>(part: GuardedPart, call: () => Result, fallback: Result): Result {
    try {
      return call();
    } catch (error) {
      this.trip(part, error);
      return fallback;
    }
  }

  /** Runs `call` and returns what `accept` takes; a throw or anything else, a promise included, is counted once. */
  check<Result>(
    part: GuardedPart,
    call: () => unknown,
    accept: (value: unknown) => value is Result,
  ): Result | undefined {
    try {
      const value = call();
      if (accept(value)) return value;
      ignoreRejection(value);
      throw new TypeError(`${part} returned ${describeValue(value)}`);
    } catch (error) {
      this.trip(part, error);
      return undefined;
    }
  }

  /** Counts a throw that was already caught. */
  trip(part: GuardedPart, error: unknown): void {
    const { guardTrips } = telemetryCells();
    guardTrips.set(part, (guardTrips.get(part) ?? 0) + 1);
    const now = performance.now();
    if (now - this.#loggedAt < LOG_INTERVAL_MS) {
      this.#unlogged++;
      return;
    }
    this.#loggedAt = now;
    const fields = { event: LOG_EVENTS.guardTripped, part, error: this.#text(error), unlogged: this.#unlogged };
    this.#unlogged = 0;
    try {
      ignoreRejection(this.#logger.warn(fields, `${part} threw; business results are not affected`));
    } catch {
      // the logger itself is what is broken: counted above, nowhere left to say it
    }
  }

  #text(error: unknown): string {
    try {
      return this.#describe(error).slice(0, 500);
    } catch {
      return "an error that cannot be read";
    }
  }
}
