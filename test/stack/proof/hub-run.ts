import { JaegerApi } from "../clients/jaeger-api.ts";
import { PrometheusApi, type PromRange } from "../clients/prometheus-api.ts";
import type { Fault } from "../faults/fault.ts";
import type { HubRun } from "../programs/replay-hub.ts";
import { ChildService } from "../servers/child-service.ts";
import { startStack } from "../servers/stack.ts";
import { until } from "./until.ts";

/** The name the hub reports under. */
export const HUB = "webhook-hub";

/** The stack with what the webhook hub, and services that have a fault, sent to it. */
export interface ObservedHub extends AsyncDisposable {
  readonly hub: HubRun;
  readonly prometheus: PrometheusApi;
  readonly jaeger: JaegerApi;
  /** From before the hub started until its last metrics arrived. */
  readonly range: PromRange;
}

/** Long enough for rates over a minute, and for rules that are evaluated every 15 s. */
const STEADY_SECONDS = 60;
/** Jaeger decides on a trace 10 s after its first span, and hands out span metrics every 15 s. */
const ARRIVES_WITHIN_MS = 60_000;

/** Runs the hub on the real payloads beside the faults' services, and waits until everything it sent has arrived. */
export async function observeHub(faults: readonly Fault[]): Promise<ObservedHub> {
  const started = new AsyncDisposableStack();
  try {
    const stack = started.use(await startStack());
    const prometheus = new PrometheusApi(stack.prometheus.url);
    const jaeger = new JaegerApi(stack.jaeger.url);
    const { otlpUrl } = stack.jaeger;
    const start = Date.now() / 1_000;
    const services = faults.map(({ name }) =>
      started.use(new ChildService({ program: "run-fault.ts", args: [name], otlpUrl })),
    );
    const hubService = started.use(
      new ChildService({ program: "replay-hub.ts", args: [String(STEADY_SECONDS)], otlpUrl }),
    );
    const isReporting = () => prometheus.sum("spanbus_bus_info").then((buses) => buses > faults.length);
    await until(isReporting, { withinMs: 30_000 });
    for (const service of services) service.send("break");
    const hub = JSON.parse(await hubService.ended()) as HubRun;
    await until(() => hasArrived(hub, prometheus), { withinMs: ARRIVES_WITHIN_MS, everyMs: 1_000 });
    await until(() => isSearchable(hub, jaeger), { withinMs: ARRIVES_WITHIN_MS, everyMs: 1_000 });
    const range = { start, end: Date.now() / 1_000, stepSeconds: 15 };
    return { hub, prometheus, jaeger, range, [Symbol.asyncDispose]: () => started.disposeAsync() };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

async function hasArrived({ telemetry }: HubRun, prometheus: PrometheusApi): Promise<boolean> {
  const spans = await prometheus.sum(`traces_span_metrics_calls_total{service_name="${HUB}"}`);
  return spans === telemetry.spans.exported;
}

async function isSearchable({ failures }: HubRun, jaeger: JaegerApi): Promise<boolean> {
  const traces = await Promise.all(failures.map(({ traceId = "" }) => jaeger.trace(traceId)));
  return traces.every((spans, i) => failures[i]?.spanIds.every((id) => spans.some(({ spanId }) => spanId === id)));
}
