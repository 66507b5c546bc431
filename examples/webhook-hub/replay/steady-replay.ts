import { post } from "./post.ts";
import type { Recording } from "./recordings.ts";
import { type ReplayOptions, replayId, type Surprise } from "./replay.ts";
import { webhookRequest } from "./webhook-request.ts";

export interface SteadyReplayOptions extends ReplayOptions {
  /** Webhooks a second; 0 sends none. */
  readonly rate: number;
}

const MAX_IN_FLIGHT = 64;
const MAX_SURPRISES = 100;
const TICK_MS = 20;
/** Recordings lie by event type: steps of this length mix them, and come by all of them where it divides no count. */
const STRIDE = 97;

/** Sends recordings at a steady rate, over and over, until it is stopped. */
export class SteadyReplay {
  readonly #recordings: readonly Recording[];
  readonly #options: SteadyReplayOptions;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #surprises: Surprise[] = [];
  readonly #timer: NodeJS.Timeout;
  #lastTickAt = performance.now();
  #due = 0;
  #sent = 0;

  constructor(recordings: readonly Recording[], options: SteadyReplayOptions) {
    this.#recordings = recordings;
    this.#options = options;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  get sent(): number {
    return this.#sent;
  }

  /** Answers that were not the expected ones; the first 100. */
  get surprises(): readonly Surprise[] {
    return [...this.#surprises];
  }

  /** Sends nothing more, and waits for the answers that are missing. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
  }

  #tick(): void {
    const now = performance.now();
    this.#due += ((now - this.#lastTickAt) / 1000) * this.#options.rate;
    this.#lastTickAt = now;
    for (; this.#due >= 1; this.#due--) {
      if (this.#inFlight.size >= MAX_IN_FLIGHT)
        this.#due = 1; // what cannot be sent in time is not made up for
      else this.#send();
    }
  }

  #send(): void {
    const index = this.#sent++;
    const recording = this.#recordings[(index * STRIDE) % this.#recordings.length];
    if (recording === undefined) return;
    const { url, secret, seed } = this.#options;
    const sending = post(url, webhookRequest(recording, { secret, id: replayId(seed, index) })).then((answer) => {
      this.#inFlight.delete(sending);
      if (answer.status === 202 || this.#surprises.length >= MAX_SURPRISES) return;
      this.#surprises.push({ what: recording.event, expected: 202, answer });
    });
    this.#inFlight.add(sending);
  }
}
