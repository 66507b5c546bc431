import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type Gate, makeGate } from "./fault.ts";

/** Stands in front of a collector, and can make senders wait. */
export interface HoldingCollector {
  readonly url: string;
  /** From now on nobody is answered. */
  hold(): void;
  /** Passes on what was held, and what comes. */
  release(): void;
}

/** Passes requests on to the collector at `url`, on a free port. */
export async function startHoldingCollector(url: string): Promise<HoldingCollector> {
  let held: Gate | undefined;
  const server = createServer((request, response) => {
    const pass = async (): Promise<void> => {
      const body = await buffer(request);
      await held?.opened;
      const { "content-type": type = "", "content-encoding": encoding } = request.headers;
      const headers = { "content-type": type, ...(encoding && { "content-encoding": encoding }) };
      const answer = await fetch(`${url}${request.url}`, { method: "POST", headers, body });
      response.writeHead(answer.status, { "content-type": "application/json" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    };
    pass().catch(() => response.destroy());
  });
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: () => {
      held ??= makeGate();
    },
    release: () => {
      held?.open();
      held = undefined;
    },
  };
}
