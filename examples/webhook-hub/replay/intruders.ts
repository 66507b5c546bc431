import { post } from "./post.ts";
import type { Recording } from "./recordings.ts";
import { type ReplayOptions, type ReplayReport, replayId, type Surprise } from "./replay.ts";
import { type WebhookRequest, webhookRequest } from "./webhook-request.ts";

/** A request that must not get through. */
interface Intruder {
  readonly what: string;
  readonly expected: number;
  readonly request: WebhookRequest;
}

/** Sends what a service on the internet gets to see beside its webhooks. */
export async function sendIntruders(recordings: readonly Recording[], options: ReplayOptions): Promise<ReplayReport> {
  const surprises: Surprise[] = [];
  const intruders = makeIntruders(recordings, options);
  for (const { what, expected, request } of intruders) {
    const answer = await post(options.url, request);
    if (answer.status !== expected) surprises.push({ what, expected, answer });
    options.onAnswer?.(answer);
  }
  return { sent: intruders.length, surprises };
}

function makeIntruders(recordings: readonly Recording[], { secret, seed }: ReplayOptions): readonly Intruder[] {
  const [first] = recordings;
  if (first === undefined) return [];
  const genuine = webhookRequest(first, { secret, id: replayId(seed, 0) });
  const forged = webhookRequest(first, { secret: `not ${secret}`, id: `${seed}/forged` });
  const signed = (name: string, event: string, payload: unknown): WebhookRequest =>
    webhookRequest({ event, payload: payload as Recording["payload"] }, { secret, id: `${seed}/${name}` });
  const poison: unknown = JSON.parse('{ "action": "opened", "__proto__": { "isAdmin": true } }');
  return [
    { what: "the first webhook again", expected: 200, request: genuine },
    { what: "a forged signature", expected: 401, request: forged },
    { what: "no signature", expected: 401, request: without(genuine, "x-hub-signature-256") },
    { what: "no event", expected: 400, request: without(genuine, "x-github-event") },
    { what: "a media type of its own", expected: 415, request: withHeaders(genuine, { "content-type": "text/plain" }) },
    { what: "a poisoned prototype", expected: 400, request: signed("poison", "issues", poison) },
    { what: "a list of webhooks", expected: 400, request: signed("list", "issues", [first.payload]) },
    { what: "an action with dots", expected: 422, request: signed("dots", "issues", { action: "a.b.c" }) },
    { what: "an issue without an issue", expected: 422, request: signed("empty", "issues", { action: "opened" }) },
    { what: "a repository of numbers", expected: 422, request: signed("type", "fork", { repository: [1, 2, 3] }) },
  ];
}

function withHeaders({ headers, body }: WebhookRequest, more: Readonly<Record<string, string>>): WebhookRequest {
  return { headers: { ...headers, ...more }, body };
}

function without({ headers, body }: WebhookRequest, header: string): WebhookRequest {
  return { headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== header)), body };
}
