import type { AddressInfo } from "node:net";
import { createLogger } from "spanbus/instrumentation";
import { createServer, type ServerOptions, WEBHOOK_PATH } from "../../examples/webhook-hub/http/server.ts";
import { sign } from "../../examples/webhook-hub/http/signature.ts";
import { createHub, type Hub } from "../../examples/webhook-hub/hub/hub.ts";

export const SECRET = "it's a secret to everybody";

/** The answer to a request. */
interface HubAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A hub that listens on a free port, without telemetry; close it, or declare it with `await using`. */
export interface RunningHub extends AsyncDisposable {
  readonly hub: Hub;
  readonly url: string;
  readonly port: number;
  /** Names of the events the hub's bus delivered, in order. */
  readonly names: readonly string[];
  /** Posts a signed `issues` webhook; headers win over those it would have, `undefined` leaves one out. */
  post(
    body: string | Uint8Array<ArrayBuffer>,
    headers?: Readonly<Record<string, string | undefined>>,
  ): Promise<HubAnswer>;
}

/** The least an `issues` webhook must hold. */
export const ISSUE = '{"action":"opened","issue":{"number":7}}';

export async function startRunningHub(options: Partial<ServerOptions> = {}): Promise<RunningHub> {
  const logger = createLogger({ level: "silent" });
  const hub = createHub({ logger });
  const names: string[] = [];
  hub.bus.subscribe("*", (event) => void names.push(event.name), { name: "names" });
  const { app } = createServer({ bus: hub.bus, journal: hub.journal, secret: SECRET, logger, ...options });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}${WEBHOOK_PATH}`;
  return {
    hub,
    url,
    port,
    names,
    post: async (body, headers = {}) => {
      const all = {
        "content-type": "application/json",
        "x-github-event": "issues",
        "x-hub-signature-256": sign(SECRET, body),
        ...headers,
      };
      const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const response = await fetch(url, { method: "POST", headers: given, body });
      return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
    },
    [Symbol.asyncDispose]: async () => {
      app.server.closeAllConnections();
      await app.close();
      await hub.bus.close();
    },
  };
}
