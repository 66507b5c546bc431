import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { Logger } from "spanbus";
import type { HubBus, Webhook } from "../hub/catalog.ts";
import type { Journal } from "../hub/journal.ts";
import { Answers } from "./answers.ts";
import { eventName, readDeliveryHeaders } from "./delivery.ts";
import { readPayload } from "./payload.ts";
import { type Receipt, RecentDeliveries } from "./recent-deliveries.ts";
import { refusalOf } from "./refusal.ts";
import { Rejection } from "./rejection.ts";
import { isSignature, isSignedWith } from "./signature.ts";

export const WEBHOOK_PATH = "/webhooks/github";

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

export interface ServerOptions {
  readonly bus: HubBus;
  readonly journal: Journal;
  /** What senders sign with. */
  readonly secret: string;
  readonly logger: Logger;
  /** In bytes. @default 25 MiB: GitHub sends no more */
  readonly bodyLimit?: number;
  /** The longest a request may take to arrive, in milliseconds. @default 10000, as long as GitHub waits */
  readonly requestTimeoutMs?: number;
}

/** The HTTP side of the hub. */
export interface Server {
  readonly app: FastifyInstance;
  readonly answers: Answers;
}

/** Takes GitHub's webhooks, checks them, and publishes each as `github.{event}.{action}`. */
export function createServer(options: ServerOptions): Server {
  const { secret, logger, bodyLimit = 25 * 2 ** 20, requestTimeoutMs = 10_000 } = options;
  const answers = new Answers();
  const app = fastify({
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    http: { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs / 4) },
  });
  const receive = receiver(options, jsonParserOf(app));

  // the signature is over the bytes as they came, so parsing has to wait
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([JSON_TYPE, FORM_TYPE], { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  app.setErrorHandler((error, request, reply) => {
    const { status, body } = refusalOf(error);
    const delivery = request.headers["x-github-delivery"]?.toString();
    answers.add({ status, reason: body.error, correlationId: delivery });
    const fields = { status, reason: body.error, delivery };
    if (status >= 500) logger.error({ ...fields, err: error }, "a webhook was not accepted");
    else logger.warn(fields, "a webhook was not accepted");
    return reply.code(status).send(body);
  });
  app.setNotFoundHandler((request, reply) => {
    const isMethod = request.url.split("?", 1)[0] === WEBHOOK_PATH;
    const [status, reason] = isMethod ? [405, "method_not_allowed"] : [404, "not_found"];
    answers.add({ status, reason });
    if (isMethod) reply.header("allow", "POST");
    return reply.code(status).send({ error: reason, message: `webhooks are taken by POST ${WEBHOOK_PATH}` });
  });

  app.get("/healthz", () => ({ status: "ok" }));
  app.post(WEBHOOK_PATH, { onRequest: refuseUnsigned }, async (request, reply) => {
    const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0);
    if (!isSignedWith(secret, body, String(request.headers[SIGNATURE]))) {
      throw new Rejection(401, "wrong_signature", "the body was not signed with the hub's secret");
    }
    const { receipt, isDuplicate } = await receive(request, body);
    const status = isDuplicate ? 200 : 202;
    answers.add({ status, reason: isDuplicate ? "duplicate" : "accepted", ...receipt });
    const { event, eventId: event_id, correlationId: correlation_id, traceId: trace_id } = receipt;
    logger.info({ status, event_name: event, event_id, correlation_id, trace_id }, "a webhook was accepted");
    return reply.code(status).send(receipt);
  });
  return { app, answers };
}

const SIGNATURE = "x-hub-signature-256";

/** Nobody unsigned gets to have their body read. */
async function refuseUnsigned(request: FastifyRequest, _reply: FastifyReply): Promise<void> {
  if (isSignature(request.headers[SIGNATURE])) return;
  throw new Rejection(401, "missing_signature", "the header X-Hub-Signature-256 is not sha256= and 64 hex digits");
}

interface Received {
  readonly receipt: Receipt;
  readonly isDuplicate: boolean;
}

function receiver({ bus, journal }: ServerOptions, parseJson: (text: string) => unknown) {
  const recent = new RecentDeliveries(10_000);

  return async (request: FastifyRequest, body: Buffer): Promise<Received> => {
    const { event, id, traceparent } = readDeliveryHeaders(request.headers);
    // the body is part of the key by its signature: another body under the same id is another webhook
    const key = `${id} ${event} ${String(request.headers[SIGNATURE]).toLowerCase()}`;
    const earlier = id === undefined ? undefined : recent.find(key);
    if (earlier !== undefined) return { receipt: await earlier, isDuplicate: true };
    const receipt = publish(event, readPayload(body, { isForm: checkMediaType(request) === FORM_TYPE, parseJson }), {
      correlationId: id,
      headers: traceparent === undefined ? undefined : { traceparent },
    });
    if (id !== undefined) recent.add(key, receipt);
    return { receipt: await receipt, isDuplicate: false };
  };

  /**
   * Waits for the hand-over only. GitHub gives up after 10 seconds, less than some handlers and their retries may take;
   * and it could do nothing about a failed handler but send the webhook to all of them again.
   */
  async function publish(
    event: string,
    payload: Webhook,
    options: { correlationId: string | undefined; headers: Record<string, string> | undefined },
  ): Promise<Receipt> {
    const name = eventName(event, payload.action);
    const { id, correlationId, traceId } = journal.keep(
      await bus.publish(name, payload, { ...options, wait: "accepted" }),
    );
    return { event: name, eventId: id, correlationId, traceId };
  }
}

/** @throws Rejection 415 for a body that is compressed, or not UTF-8 */
function checkMediaType({ headers }: FastifyRequest): string {
  const [type = "", ...parameters] = (headers["content-type"] ?? "").toLowerCase().split(";");
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith("charset="));
  const encoding = headers["content-encoding"]?.toLowerCase() ?? "identity";
  if (encoding !== "identity") {
    throw new Rejection(415, "unsupported_encoding", "the body is compressed; GitHub never does that");
  }
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    throw new Rejection(415, "unsupported_charset", "the body must be UTF-8");
  }
  return type.trim();
}

/** Fastify's own parser, which refuses keys that would poison a prototype. */
function jsonParserOf(app: FastifyInstance): (text: string) => unknown {
  const parser = app.getDefaultJsonParser("error", "error");
  return (text) => {
    let outcome: { readonly error: Error | null; readonly value?: unknown } | undefined;
    // the parser needs no request, and calls back before it returns
    void parser(undefined as never, text, (error, value) => {
      outcome ??= { error, value };
    });
    if (outcome?.error) throw outcome.error;
    return outcome?.value;
  };
}
