import type { TextMapPropagator } from "@opentelemetry/api";
import type { Guards } from "../guard/guards.ts";
import type { Notices } from "../guard/notices.ts";
import { loadOptional, type Sdk } from "../packages.ts";
import type { PropagatorName } from "./environment.ts";

/** By default W3C trace context and baggage; undefined for none. Each is guarded by itself: one that throws stops no other. */
export function choosePropagator(
  sdk: Sdk,
  wanted: readonly TextMapPropagator[] | readonly PropagatorName[] | undefined,
  { guards, notices }: { readonly guards: Guards; readonly notices: Notices },
): TextMapPropagator | undefined {
  const names = wanted ?? DEFAULT_NAMES;
  const propagators = names.flatMap((one) => (typeof one === "string" ? (byName(sdk, one, notices) ?? []) : one));
  if (propagators.length === 0) return undefined;
  return new sdk.core.CompositePropagator({ propagators: propagators.map((one) => guards.propagator(one)) });
}

const DEFAULT_NAMES: readonly PropagatorName[] = ["tracecontext", "baggage"];

function byName({ core }: Sdk, name: PropagatorName, notices: Notices): TextMapPropagator | undefined {
  if (name === "tracecontext") return new core.W3CTraceContextPropagator();
  if (name === "baggage") return new core.W3CBaggagePropagator();
  if (name === "none") return undefined;
  const b3 = loadOptional<B3Package>(B3);
  if (b3 === undefined) {
    notices.warn("OTEL_PROPAGATORS", () => `OTEL_PROPAGATORS names ${name}, which needs ${B3}: npm install ${B3}`);
    return undefined;
  }
  return new b3.B3Propagator(name === "b3multi" ? { injectEncoding: b3.B3InjectEncoding.MULTI_HEADER } : {});
}

const B3 = "@opentelemetry/propagator-b3";

interface B3Package {
  readonly B3Propagator: new (config: { injectEncoding?: unknown }) => TextMapPropagator;
  readonly B3InjectEncoding: { readonly MULTI_HEADER: unknown };
}
