import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** One alert as Alertmanager tells it to a webhook. */
export interface ToldAlert {
  /** The receiver of alertmanager.yml it came through. */
  readonly receiver: string;
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A webhook that keeps what it is told. */
export interface AlertInbox extends AsyncDisposable {
  readonly url: string;
  readonly alerts: readonly ToldAlert[];
}

/** Starts a webhook on a free port. */
export async function startAlertInbox(): Promise<AlertInbox> {
  const alerts: ToldAlert[] = [];
  const server = createServer((request, response) => {
    void read(request).then(
      (told) => {
        alerts.push(...told);
        response.end();
      },
      () => response.writeHead(400).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    alerts,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function read(request: IncomingMessage): Promise<readonly ToldAlert[]> {
  const { alerts } = (await json(request)) as { alerts: readonly Omit<ToldAlert, "receiver">[] };
  const receiver = (request.url ?? "").slice(1);
  return alerts.map(({ status, labels, annotations }) => ({ receiver, status, labels, annotations }));
}
