import * as api from "@opentelemetry/api";
import type { Guard } from "../telemetry/guard.ts";
import { OpenTelemetry } from "../telemetry/opentelemetry.ts";
import { telemetryState } from "../telemetry/process.ts";
import { GLOBAL_API, type OtelApi } from "../telemetry/registered.ts";
import type { Destination, PublishSpan, PublishSpanOptions } from "../telemetry/telemetry.ts";

/** What a harness's telemetry is made of. */
export interface HarnessTelemetryInit {
  readonly provider: api.TracerProvider;
  readonly context: OtelApi["context"];
  /** Whether a caller's random correlation id becomes the trace id; undefined for what `startTelemetry` was told. */
  readonly trustCorrelationId: boolean | undefined;
  readonly onPublish: OnPublish;
}

/** The bus's own OpenTelemetry plug over the harness's spans, telling which event each publish became. */
export class HarnessTelemetry extends OpenTelemetry {
  readonly #init: HarnessTelemetryInit;

  constructor(bus: { guard: Guard; settings: { assumeParentBased: boolean } }, init: HarnessTelemetryInit) {
    super(bus.guard, bus.settings, harnessApi(init));
    this.#init = init;
  }

  override startPublish(destination: Destination, options: PublishSpanOptions): PublishSpan | undefined {
    const span = this.#standingIn(() => super.startPublish(destination, options));
    if (span !== undefined) this.#init.onPublish(span);
    return span;
  }

  /** The plug trusts correlation ids for the provider of `startTelemetry` only: for one call, that is the harness's. */
  #standingIn<Result>(call: () => Result): Result {
    const state = telemetryState();
    const { tracerProvider, trustCorrelationId, readsStartAttributes } = state;
    const { provider, trustCorrelationId: isTrusted = trustCorrelationId } = this.#init;
    Object.assign(state, { tracerProvider: provider, trustCorrelationId: isTrusted, readsStartAttributes: true });
    try {
      return call();
    } finally {
      Object.assign(state, { tracerProvider, trustCorrelationId, readsStartAttributes });
    }
  }
}

/** Hears of each publish span when it has started. */
type OnPublish = (span: PublishSpan) => void;

/** The API a harness's bus sees: spans and contexts of the harness, metrics of whatever the application registered. */
function harnessApi({ provider, context }: HarnessTelemetryInit): OtelApi {
  return {
    registered: () => ({ trace: provider, context, metrics: GLOBAL_API.registered()?.metrics }),
    trace: { getTracerProvider: () => provider },
    metrics: api.metrics,
    context,
  };
}
