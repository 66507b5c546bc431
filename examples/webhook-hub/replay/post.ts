import type { WebhookRequest } from "./webhook-request.ts";

/** What the hub answered; status 0 when it did not. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Sends one webhook; connections are kept alive. Never throws. */
export async function post(url: string, { headers, body }: WebhookRequest): Promise<Answer> {
  try {
    const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const { message, cause } = error as Error;
    return { status: 0, text: cause instanceof Error ? `${message}: ${cause.message}` : message };
  }
}

/** GitHub waits as long. */
const TIMEOUT_MS = 10_000;
