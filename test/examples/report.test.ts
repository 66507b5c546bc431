import type { DeadLetter, DeadLetterError, Ledger } from "spanbus";
import { EventBus, jaegerSearchUrl } from "spanbus";
import { describe, expect, it } from "vitest";
import type { HandlerRecord } from "../../examples/webhook-hub/hub/journal.ts";
import { equationsOf } from "../../examples/webhook-hub/report/balance.ts";
import { reportText } from "../../examples/webhook-hub/report/report.ts";
import { isFlawless, type RunRecord } from "../../examples/webhook-hub/report/run-record.ts";
import type { Paint } from "../../examples/webhook-hub/report/screen.ts";
import type { TraceSpan } from "../../examples/webhook-hub/report/trace-store.ts";
import { pickTrace, treeLines } from "../../examples/webhook-hub/report/trace-tree.ts";

const plain: Paint = (_style, text) => text;

/** A drained ledger: 10 events to 20 deliveries, of which two failed, one of them on purpose. */
const LEDGER: Readonly<Ledger> = {
  ...new EventBus().stats(),
  published: 12,
  accepted: 10,
  refused: { invalid_data: 2 },
  dispatched: 10,
  matched: 20,
  handled: 17,
  failed: 2,
  timedOut: 1,
  deadLettered: 2,
  discarded: 1,
  deliveriesStarted: 20,
  attempts: 23,
  attemptsFailed: 5,
  attemptsTimedOut: 1,
  retries: 3,
  deadLettersStored: 2,
  spansStarted: 33,
  spansEnded: 33,
};

const HANDLER: HandlerRecord = {
  name: "warehouse",
  calls: 20,
  handled: 17,
  failed: 1,
  timedOut: 1,
  discarded: 1,
  cut: 0,
  retries: 3,
  durationsMs: Array.from({ length: 100 }, (_, i) => i + 1),
};

const span = (order: number, parent: number | undefined, more: Partial<TraceSpan>): TraceSpan => ({
  traceId: "t".repeat(32),
  spanId: String(order),
  parentSpanId: parent === undefined ? undefined : String(parent),
  operation: "process",
  name: "process github.issues.{action}",
  event: "github.issues.opened",
  correlationId: "c1",
  subscription: "audit",
  attempt: 1,
  outcome: "handled",
  errorType: undefined,
  startMs: 1_000,
  durationMs: 1,
  order,
  ...more,
});

const publish = { operation: "publish", subscription: undefined, outcome: undefined } as const;

const TRACE: readonly TraceSpan[] = [
  span(4, 2, { ...publish, event: "action.notify.start", durationMs: 0.25, startMs: 1_001 }),
  span(1, 0, {}),
  span(0, undefined, { ...publish, durationMs: 2 }),
  span(2, 0, { subscription: "notify", outcome: "retry", errorType: "RemoteError", durationMs: 40 }),
  span(5, 4, { startMs: 1_001, durationMs: 0.1 }),
  span(6, 0, { subscription: "notify", attempt: 2, startMs: 1_060, durationMs: 20 }),
  span(3, 0, { subscription: "scanner", outcome: "timed_out", errorType: "timeout", durationMs: 80 }),
];

const deadLetter = (i: number): DeadLetter => ({
  id: `dead-letter-${i}`,
  event: { name: "github.issues.opened", correlationId: `delivery-${i}` } as DeadLetter["event"],
  subscription: "warehouse",
  errors: [
    { attempt: 4, type: "RemoteError", message: "503", stack: undefined, traceId: undefined, spanId: undefined, at: 0 },
  ],
  reason: "attempts_exhausted",
  attempts: 4,
  at: 0,
});

const RUN: RunRecord = {
  what: "10 webhooks",
  durationMs: 1_234,
  answers: [{ status: 202, reason: "accepted", count: 10 }],
  surprises: [],
  repositories: 1,
  ledger: LEDGER,
  handlers: [HANDLER],
  deadLetters: [deadLetter(1), deadLetter(2)],
  trace: TRACE,
  equations: equationsOf(LEDGER, { calls: 20, retries: 3 }),
  telemetry: {
    ok: true,
    timedOut: false,
    durationMs: 1,
    spans: { exported: 33, dropped: 0, failed: 0, notDelivered: 0 },
    metrics: "delivered",
    logs: "off",
    errors: [],
  },
  collector: "collector.test:4318",
  links: undefined,
};

describe("the drawn trace", () => {
  it("is a tree in the order things began, with attempts, outcomes, errors and durations", () => {
    expect(treeLines(TRACE, { width: 80, paint: plain })).toEqual([
      "publish github.issues.opened          2.0",
      "├─ process audit                      1.0 handled",
      "├─ process notify                    40.0 retry: RemoteError",
      "│  └─ publish action.notify.start    0.25",
      "│     └─ process audit               0.10 handled",
      "├─ process scanner                   80.0 timed_out: timeout",
      "└─ process notify · attempt 2        20.0 handled",
    ]);
  });

  it("shows when, where there is room", () => {
    const lines = treeLines(TRACE, { width: 98, paint: plain });

    expect(lines[2]).toContain("40.0 ████████         retry");
    expect(lines[5]).toContain("80.0 ████████████████ timed_out");
    expect(lines[6]).toContain("20.0             ████ handled");
  });

  it("draws spans whose parents are missing as roots", () => {
    const [first] = treeLines([span(9, 8, {})], { width: 80, paint: plain });

    expect(first).toMatch(/^process audit/);
  });

  it("is the one with a mended failure and publishes inside handlers", () => {
    const calm = [span(0, undefined, publish), span(1, 0, {})];
    const mended = TRACE.filter((each) => each.outcome !== "timed_out");

    expect(pickTrace([calm, TRACE, mended, calm])).toBe(mended);
    expect(pickTrace([])).toBeUndefined();
  });
});

describe("the report", () => {
  it("tells a run that went well", () => {
    const text = reportText(RUN, { width: 100, paint: plain });

    expect(isFlawless(RUN)).toBe(true);
    expect(text).toContain("webhook-hub  10 webhooks in 1.2 s");
    expect(text).toMatch(/warehouse +20 +17 +1 +1 +1 +3 +50\.0 +95\.0 +99\.0\n/);
    expect(text).toContain("warehouse  RemoteError: 503 (4 attempts)  × 2");
    expect(text).toMatch(/issues\.opened +delivery-1 +dead letter dead-let/);
    expect(text).toContain("✓ published 12 = accepted 10 + refused 2 + validating 0");
    expect(text).toContain("spans exported 33 · dropped 0 · failed 0");
    expect(text).toContain("✓ every answer was the expected one, and the ledger balances");
  });

  it.each([80, 100])("fits into %i columns", (width) => {
    const busy = { ...HANDLER, name: "notify-pull-request", calls: 12_345, handled: 12_345 };
    const text = reportText({ ...RUN, handlers: [HANDLER, busy] }, { width, paint: plain });

    expect(text.split("\n").filter((line) => line.length > width)).toEqual([]);
  });

  it("shows an equation that does not hold, and says so at the end", () => {
    const run = { ...RUN, equations: equationsOf({ ...LEDGER, handled: 16 }, { calls: 20, retries: 3 }) };
    const text = reportText(run, { width: 100, paint: plain });

    expect(isFlawless(run)).toBe(false);
    expect(text).toContain("✗ matched 20 + replays 0 ≠ handled 16 + failed 2");
    expect(text).toContain("✗ not as it should be");
  });

  it("compares the table with the ledger", () => {
    const broken = equationsOf(LEDGER, { calls: 19, retries: 3 }).filter((each) => !each.isBalanced);

    expect(broken.map(({ left, right }) => [left, right])).toEqual([
      [[{ label: "calls in the table", count: 19 }], [{ label: "matched", count: 20 }]],
    ]);
  });

  it("shows answers that nobody expected, on one line each", () => {
    const answer = { status: 500, text: `a\nb\u001b[2J${"x".repeat(200)}` };
    const run = { ...RUN, surprises: [{ what: "issues", expected: 202, answer }] };
    const text = reportText(run, { width: 80, paint: plain });

    expect(isFlawless(run)).toBe(false);
    expect(text).toMatch(/ ✗ issues: expected 202, got 500: a·b·\[2Jx+…\n/);
  });

  it("shows twelve failures, and how many more there are", () => {
    const text = reportText({ ...RUN, deadLetters: Array.from({ length: 15 }, (_, i) => deadLetter(i)) }, SHEET);

    expect(text.match(/delivery-/g)).toHaveLength(12);
    expect(text).toContain("and 3 more");
  });

  it("shows a failure of each kind, however frequent another is", () => {
    const rare = { ...deadLetter(99), subscription: "notifier" };
    const deadLetters = [...Array.from({ length: 30 }, (_, i) => deadLetter(i)), rare];
    const text = reportText({ ...RUN, deadLetters }, SHEET);

    expect(text.match(/delivery-/g)).toHaveLength(12);
    expect(text).toContain("delivery-99");
    expect(text).toContain("and 19 more");
  });

  it("links each failure and the drawn trace to Jaeger, within the columns there are, and shows how to search", () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const [error] = deadLetter(1).errors;
    const traced = { ...deadLetter(1), errors: [{ ...(error as DeadLetterError), traceId }] };
    const trace = TRACE.map((each) => ({ ...each, traceId }));
    const links = { baseUrl: "http://localhost:16686", service: "webhook-hub" };
    const text = reportText(
      { ...RUN, links, trace, deadLetters: [traced, deadLetter(2)] },
      { width: 80, paint: plain },
    );

    const lines = text.split("\n");
    const link = `http://localhost:16686/trace/${traceId}`;
    expect(lines.filter((line) => line.includes(link))).toEqual([`      ${link}`, `  in Jaeger       ${link}`]);
    expect(lines.findIndex((line) => line.includes(link))).toBe(
      lines.findIndex((each) => each.includes("delivery-1")) + 1,
    );
    expect(lines.filter((line) => line.length > 80)).toEqual([`  ${jaegerSearchUrl("c1", links)}`]);
  });

  it("sends nobody to search for what never arrived", () => {
    const links = { baseUrl: "http://localhost:16686", service: "webhook-hub" };
    const spans = { exported: 0, dropped: 0, failed: 33, notDelivered: 0 };
    const trace = TRACE.map((each) => ({ ...each, traceId: "4bf92f3577b34da6a3ce929d0e0e4736" }));

    const text = reportText(
      { ...RUN, links, trace, deadLetters: [], telemetry: { ...RUN.telemetry, spans } },
      { width: 80, paint: plain },
    );

    expect(text).toContain("failed 33");
    expect(text).not.toContain(jaegerSearchUrl("c1", links));
  });

  it("has something to say when nothing happened", () => {
    const ledger = new EventBus().stats();
    const equations = equationsOf(ledger, { calls: 0, retries: 0 });
    const nothing = { answers: [], handlers: [], deadLetters: [], trace: undefined, collector: undefined };
    const text = reportText({ ...RUN, ...nothing, ledger, equations }, SHEET);

    expect(text).toContain("no handler was called");
    expect(text).toContain("no trace was sampled");
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
});

const SHEET = { width: 100, paint: plain };
