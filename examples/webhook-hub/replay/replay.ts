import { type Answer, post } from "./post.ts";
import type { Recording } from "./recordings.ts";
import { webhookRequest } from "./webhook-request.ts";

export interface ReplayOptions {
  readonly url: string;
  readonly secret: string;
  /** Decides the delivery ids, and with them what fails. */
  readonly seed: number;
  /** Requests in flight at a time. @default 16 */
  readonly concurrency?: number;
  readonly onAnswer?: (answer: Answer) => void;
}

/** An answer that was not the expected one. */
export interface Surprise {
  readonly what: string;
  readonly expected: number;
  readonly answer: Answer;
}

/** What a replay sent and got. */
export interface ReplayReport {
  readonly sent: number;
  readonly surprises: readonly Surprise[];
}

/** Every so many hooks are set up to send forms. */
const FORM_EVERY = 16;

/** Sends each recording once; all must be accepted. */
export async function replay(recordings: readonly Recording[], options: ReplayOptions): Promise<ReplayReport> {
  const { url, secret, seed, concurrency = 16, onAnswer } = options;
  const surprises: Surprise[] = [];
  const queue = recordings.entries();
  const work = async (): Promise<void> => {
    for (const [i, recording] of queue) {
      const isForm = i % FORM_EVERY === FORM_EVERY - 1;
      const answer = await post(url, webhookRequest(recording, { secret, id: replayId(seed, i), isForm }));
      if (answer.status !== 202) surprises.push({ what: recording.event, expected: 202, answer });
      onAnswer?.(answer);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return { sent: recordings.length, surprises };
}

/** Names the i-th webhook of a replay. */
export function replayId(seed: number, index: number): string {
  return `${seed}/${index}`;
}
