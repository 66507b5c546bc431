import * as api from "@opentelemetry/api";
import type { ExportResult } from "@opentelemetry/core";
import { isThenable } from "../../src/thenable.ts";
import { takeObjection } from "../guard/diagnostics.ts";
import type { Sdk } from "../packages.ts";

/** What all exporters of the SDK have in common. */
export interface ExporterLike<Items> {
  export(items: Items, done: (result: ExportResult) => void): unknown;
}

/** How an export ended. */
export interface ExportAnswer {
  /** Undefined when everything arrived. */
  readonly failure: unknown;
  /** How many of the items the failure is about; undefined for all. */
  readonly rejected: number | undefined;
}

const SUCCESS = 0; // ExportResultCode.SUCCESS, an enum of a package that is loaded late

/**
 * Calls exporters so that each call ends in exactly one answer, within the limit, whatever the exporter does: throw,
 * reject, answer twice, never.
 */
export class ExportCaller {
  readonly #context: api.Context;
  readonly #limitMs: number;
  readonly #open = new Set<(failure: unknown) => void>();

  constructor({ core }: Sdk, limitMs: number) {
    this.#context = core.suppressTracing(api.ROOT_CONTEXT); // an instrumented http client must not trace our own exports
    this.#limitMs = limitMs;
  }

  /** `answer` is called once, possibly before this returns. */
  call<Items>(exporter: ExporterLike<Items>, items: Items, answer: (answer: ExportAnswer) => void): void {
    const end = (failure: unknown, rejected: number | undefined): void => {
      if (!this.#open.delete(fail)) return;
      clearTimeout(limit);
      answer({ failure, rejected });
    };
    const fail = (failure: unknown) => end(failure ?? new Error("the exporter failed without a reason"), undefined);
    const done = (result: ExportResult | undefined) => {
      if (result?.code !== SUCCESS) return fail(result?.error);
      const objection = takeObjection();
      return end(objection?.failure, objection?.rejected);
    };
    const limit = setTimeout(() => fail(new Error(`no answer within ${this.#limitMs} ms`)), this.#limitMs);
    limit.unref();
    this.#open.add(fail);
    try {
      const returned = api.context.with(this.#context, () => exporter.export(items, done));
      if (isThenable(returned)) returned.then(undefined, fail);
    } catch (error) {
      fail(error);
    }
  }

  /** Ends every open call as failed, at once. */
  abandon(reason: Error): void {
    for (const fail of [...this.#open]) fail(reason);
  }
}
