import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ATTRIBUTES } from "../../../src/telemetry/semconv.ts";
import type { JaegerSpan } from "../clients/jaeger-api.ts";
import type { HubFailure } from "../programs/replay-hub.ts";
import { isEmitted } from "./emitted.ts";
import { HUB, type ObservedHub, observeHub } from "./hub-run.ts";
import { LEDGER_METRICS } from "./ledger-metrics.ts";
import { faultsOfPanels, variablesFor } from "./panel-needs.ts";
import { hasData, type PanelQuery, panelQueries } from "./panels.ts";

const TIMEOUT_MS = 5 * 60_000;

let observed: ObservedHub;
let queries: readonly PanelQuery[];

beforeAll(async () => {
  observed = await observeHub(faultsOfPanels());
  queries = await panelQueries();
}, TIMEOUT_MS);

afterAll(() => observed?.[Symbol.asyncDispose]());

describe("the webhook hub, on the real payloads", () => {
  it("has failures of several kinds to show, and every webhook answered as it should be", () => {
    const kinds = new Set(observed.hub.failures.map(({ errorTypes }) => errorTypes.at(-1)));

    expect(observed.hub.surprises).toBe(0);
    expect([...kinds]).toEqual(expect.arrayContaining(["RemoteError", "timeout"]));
    expect(observed.hub.failures.some(({ attempts }) => attempts > 1)).toBe(true);
  });

  it("lost no telemetry on the way", () => {
    const { ok, spans } = observed.hub.telemetry;

    expect(ok).toBe(true);
    expect(spans).toEqual({ exported: observed.hub.ledger.spansEnded, dropped: 0, failed: 0, notDelivered: 0 });
  });
});

describe("counts in Prometheus", () => {
  it.each(LEDGER_METRICS)("equal the ledger: $what", async ({ count, series }) => {
    expect(await observed.prometheus.sum(series)).toBe(count(observed.hub));
  });

  it("come from rules that all evaluate", async () => {
    expect(await observed.prometheus.brokenRules()).toEqual([]);
  });
});

describe("traces in Jaeger", () => {
  it("are found by the correlation id of each failed webhook", async () => {
    const notFound: HubFailure[] = [];
    for (const failure of observed.hub.failures) {
      const found = await observed.jaeger.search({
        service: HUB,
        tags: { [ATTRIBUTES.conversationId.name]: failure.correlationId },
      });
      if (!found.includes(failure.traceId ?? "")) notFound.push(failure);
    }

    const tags = { [ATTRIBUTES.conversationId.name]: "nobody-s-id" };
    expect(observed.hub.failures.length).toBeGreaterThan(10);
    expect(notFound).toEqual([]);
    expect(await observed.jaeger.search({ service: HUB, tags })).toEqual([]);
  });

  it("are complete: one root, no parent missing, every delivery there, the correlation id on every span", async () => {
    const incomplete: unknown[] = [];
    for (const [traceId, spans] of await failedTraces()) {
      const ids = new Set(spans.map(({ spanId }) => spanId));
      const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
      const orphans = spans.filter(({ parentSpanId }) => parentSpanId !== undefined && !ids.has(parentSpanId));
      const correlationIds = new Set(spans.map((span) => span.attributes[ATTRIBUTES.conversationId.name]));
      const short = spans.filter(
        (span) => span.kind === "producer" && deliveriesBelow(span, spans) !== matchedBy(span),
      );
      if (roots.length !== 1 || orphans.length + short.length > 0 || correlationIds.size !== 1)
        incomplete.push({ traceId, roots: roots.length, orphans, short, correlationIds: [...correlationIds] });
    }

    expect(incomplete).toEqual([]);
  });

  it("show each attempt with its exception, retried ones unset, the last one as the error", async () => {
    const traces = await failedTraces();
    const shown = observed.hub.failures.map((failure) => attemptsOf(failure, traces.get(failure.traceId ?? "") ?? []));

    expect(shown).toEqual(observed.hub.failures.map(attemptsAsTheContractSays));
  });
});

describe("panels", () => {
  it("are asked so that one without data would be noticed", async () => {
    const [any] = queries;
    const variables = variablesFor(any as PanelQuery, observed.hub);
    const asked = (target: PanelQuery["target"]) => hasData({ ...(any as PanelQuery), target }, variables, observed);

    expect(queries.length).toBeGreaterThan(100);
    expect(await asked({ kind: "prometheus", expr: "spanbus_no_such_total", isInstant: false })).toBe(false);
    expect(await asked({ kind: "prometheus", expr: "0 / vector(0)", isInstant: true })).toBe(false);
    expect(await asked({ kind: "search", service: HUB, tags: 'error.type="no such"' })).toBe(false);
    expect(await asked({ kind: "trace", traceId: "f".repeat(32) })).toBe(false);
  });

  it("all return data, but those about what the library does not count yet", async () => {
    const empty: string[] = [];
    for (const query of queries) {
      if (query.target.kind === "prometheus" && !isEmitted(query.target.expr)) continue;
      const variables = variablesFor(query, observed.hub);
      if (!(await hasData(query, variables, observed))) empty.push(`${query.id}, of ${variables.service}`);
    }

    expect(empty).toEqual([]);
  });
});

async function failedTraces(): Promise<ReadonlyMap<string, readonly JaegerSpan[]>> {
  const ids = [...new Set(observed.hub.failures.map(({ traceId }) => traceId ?? ""))];
  const traces = await Promise.all(ids.map((id) => observed.jaeger.trace(id)));
  return new Map(ids.map((id, i) => [id, traces[i] ?? []]));
}

/** First attempts below a publish span: one for each delivery. */
function deliveriesBelow({ spanId }: JaegerSpan, spans: readonly JaegerSpan[]): number {
  return spans.filter((span) => span.parentSpanId === spanId && span.attributes[ATTRIBUTES.attempt.name] === 1).length;
}

function matchedBy(span: JaegerSpan): unknown {
  return span.attributes[ATTRIBUTES.deliveryCount.name] ?? 0;
}

interface ShownAttempt {
  readonly spanId: string | undefined;
  readonly attempt: unknown;
  readonly status: string;
  readonly outcome: unknown;
  readonly disposition: unknown;
  readonly errorType: unknown;
  readonly exceptions: number;
}

function attemptsOf({ subscription, eventId }: HubFailure, spans: readonly JaegerSpan[]): readonly ShownAttempt[] {
  const attempts = spans.filter(
    ({ kind, attributes }) =>
      kind === "consumer" &&
      attributes[ATTRIBUTES.subscription.name] === subscription &&
      attributes[ATTRIBUTES.messageId.name] === eventId,
  );
  return attempts
    .map(({ spanId, status, attributes, events }) => ({
      spanId,
      attempt: attributes[ATTRIBUTES.attempt.name],
      status,
      outcome: attributes[ATTRIBUTES.outcome.name],
      disposition: attributes[ATTRIBUTES.disposition.name],
      errorType: attributes[ATTRIBUTES.errorType.name],
      exceptions: events.filter(({ name }) => name === "exception").length,
    }))
    .sort((a, b) => Number(a.attempt) - Number(b.attempt));
}

function attemptsAsTheContractSays({ attempts, errorTypes, spanIds }: HubFailure): readonly ShownAttempt[] {
  return errorTypes.map((errorType, i) => {
    const isLast = i === attempts - 1;
    return {
      spanId: spanIds[i],
      attempt: i + 1,
      status: isLast ? "error" : "unset",
      outcome: isLast ? (errorType === "timeout" ? "timed_out" : "failed") : "retry",
      disposition: isLast ? "dead_lettered" : undefined,
      errorType,
      exceptions: errorType === "handler_dead_lettered" ? 0 : 1, // set aside in so many words: nothing was thrown
    };
  });
}
