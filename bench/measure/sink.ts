import { createServer, type IncomingMessage } from "node:http";

/**
 * A process that takes OTLP JSON over HTTP and counts spans: `GET /spans` answers how many since the last `DELETE /spans`.
 * Tells its parent the port it listens on. As a black hole, told as its argument, it takes everything and answers nothing.
 */
const isBlackHole = process.argv[2] === "black hole";
let spans = 0;

const server = createServer(async (request, response) => {
  if (request.url === "/spans") {
    if (request.method === "DELETE") spans = 0;
    response.end(String(spans));
    return;
  }
  const body = await readBody(request);
  if (request.url === "/v1/traces") spans += countSpans(body);
  if (isBlackHole) return;
  response.setHeader("content-type", "application/json");
  response.end("{}");
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) process.send?.(address.port);
});
process.on("disconnect", () => process.exit());

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Each span says when it started, once; that is cheaper to find than parsing half a megabyte. */
function countSpans(body: Buffer): number {
  let count = 0;
  for (let at = body.indexOf(START); at >= 0; at = body.indexOf(START, at + START.length)) count++;
  return count;
}

const START = '"startTimeUnixNano"';
