import { BusError, type BusErrorCode, ValidationError } from "spanbus";
import { Rejection } from "./rejection.ts";

/** An answer to a request that was not accepted. */
export interface Refusal {
  readonly status: number;
  readonly body: { readonly error: string; readonly message: string; readonly issues?: ValidationError["issues"] };
}

/** What the sender is told about an error: all about their own mistakes, nothing about the hub's. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Rejection) return refusal(error.statusCode, error.reason, error.message);
  if (error instanceof BusError) return busRefusal(error);
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  if (statusCode === undefined || statusCode >= 500) return INTERNAL;
  return refusal(statusCode, FASTIFY_REASONS[code ?? ""] ?? "bad_request", message ?? "the request is malformed");
}

const INTERNAL = refusal(500, "internal_error", "the hub failed; its log says why");

const FASTIFY_REASONS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported_media_type",
  FST_ERR_CTP_BODY_TOO_LARGE: "body_too_large",
};

/** Refusals of the bus that are the sender's business. */
const STATUS_OF_CODE: Partial<Record<BusErrorCode, number>> = {
  INVALID_NAME: 422,
  UNKNOWN_EVENT: 422,
  INVALID_DATA: 422,
  BUS_DRAINING: 503,
  BUS_CLOSED: 503,
};

function busRefusal(error: BusError): Refusal {
  const status = STATUS_OF_CODE[error.code];
  if (status === undefined) return INTERNAL;
  const { status: code, body } = refusal(status, error.code.toLowerCase(), error.message);
  if (!(error instanceof ValidationError)) return { status: code, body };
  return { status: code, body: { ...body, issues: error.issues.slice(0, MAX_ISSUES) } };
}

const MAX_ISSUES = 20;

function refusal(status: number, error: string, message: string): Refusal {
  return { status, body: { error, message } };
}
