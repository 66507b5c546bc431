import { randomFillSync } from "node:crypto";
import { INVALID_SPANID, INVALID_TRACEID } from "@opentelemetry/api";
import type { IdGenerator } from "@opentelemetry/sdk-trace";

/** Small: an id is a slice of the text, and keeps all of it alive. */
const POOL_BYTES = 512;

/**
 * Random ids, each bit of them, cut from a pool of random digits: a tenth of what the SDK's generator costs, which makes
 * each byte's digits by itself.
 */
export function createIdGenerator(): IdGenerator {
  const bytes = Buffer.allocUnsafeSlow(POOL_BYTES);
  let digits = "";
  let taken = 0;
  const take = (length: number): string => {
    if (taken + length > digits.length) {
      digits = randomFillSync(bytes).toString("hex");
      taken = 0;
    }
    taken += length;
    return digits.slice(taken - length, taken);
  };
  const takeValid = (invalid: string): string => {
    const id = take(invalid.length);
    return id === invalid ? takeValid(invalid) : id;
  };
  return {
    generateTraceId: () => takeValid(INVALID_TRACEID),
    generateSpanId: () => takeValid(INVALID_SPANID),
  };
}
