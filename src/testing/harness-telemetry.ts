import * as api from "@opentelemetry/api";
import type { Guard } from "../telemetry/guard.ts";
import { OpenTelemetry } from "../telemetry/opentelemetry.ts";
import { GLOBAL_API, type OtelApi } from "../telemetry/registered.ts";
import type { Destination, PublishSpan, PublishSpanOptions } from "../telemetry/telemetry.ts";

/** The bus's own OpenTelemetry plug over the harness's spans, telling which event each publish became. */
export class HarnessTelemetry extends OpenTelemetry {
  readonly #onPublish: (span: PublishSpan) => void;

  constructor(bus: { guard: Guard; settings: { assumeParentBased: boolean } }, otel: OtelApi, onPublish: OnPublish) {
    super(bus.guard, bus.settings, otel);
    this.#onPublish = onPublish;
  }

  override startPublish(destination: Destination, options: PublishSpanOptions): PublishSpan | undefined {
    const span = super.startPublish(destination, options);
    if (span !== undefined) this.#onPublish(span);
    return span;
  }
}

/** Hears of each publish span when it has started. */
export type OnPublish = (span: PublishSpan) => void;

/** The API a harness's bus sees: spans and contexts of the harness, metrics of whatever the application registered. */
export function harnessApi(provider: api.TracerProvider, context: OtelApi["context"]): OtelApi {
  return {
    registered: () => ({ trace: provider, context, metrics: GLOBAL_API.registered()?.metrics }),
    trace: { getTracerProvider: () => provider },
    metrics: api.metrics,
    context,
  };
}
