import { createHash } from "node:crypto";
import { sign } from "../http/signature.ts";
import type { Recording } from "./recordings.ts";

/** A request as GitHub would send it. */
export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface WebhookRequestOptions {
  readonly secret: string;
  /** Which webhook this is; decides its delivery id. */
  readonly id: string;
  /** Sent as a form, as hooks can be set up to do. @default false */
  readonly isForm?: boolean;
}

/** Signs a recorded webhook, with the headers that GitHub sends. */
export function webhookRequest({ event, payload }: Recording, options: WebhookRequestOptions): WebhookRequest {
  const json = JSON.stringify(payload);
  const body = options.isForm === true ? new URLSearchParams({ payload: json }).toString() : json;
  const headers = {
    accept: "*/*",
    "user-agent": "GitHub-Hookshot/replay",
    "content-type": options.isForm === true ? "application/x-www-form-urlencoded" : "application/json",
    "x-github-event": event,
    "x-github-delivery": deliveryId(options.id),
    "x-github-hook-id": "292430182",
    "x-hub-signature-256": sign(options.secret, body),
  };
  return { headers, body };
}

/** A UUID of version 1, as GitHub's delivery ids are, that follows from `text`. */
export function deliveryId(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `1${hex.slice(13, 16)}`, `9${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
