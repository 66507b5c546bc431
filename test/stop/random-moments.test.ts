import { describe, expect, it } from "vitest";
import type { ReceiverBehaviour } from "../support/otlp-receiver.ts";
import { runWithCollector } from "./programs.ts";

/** Set SPANBUS_TEST_SEED to run with another seed; failures name the one they had. */
const SEED = Number(process.env.SPANBUS_TEST_SEED ?? 20_261_123);
const RUNS = 12;
const DRAIN_MS = 700;
const FLUSH_MS = 900;

const BEHAVIOURS: readonly ReceiverBehaviour[] = [
  "healthy",
  "slow",
  "refuse",
  "reset",
  "hang",
  "drip",
  "500",
  "garbage",
];

/**
 * Publishes all the time: quick, slow, failing, retried, nested and (one in 200) endless handlers on two buses. It asks for
 * the signal at a moment of its own, and tells the accounts at its end.
 */
const BUSY = `
  const { MOMENT_MS, SIGNAL_SEED } = process.env;
  let state = Number(SIGNAL_SEED);
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const shop = new EventBus({ source: "shop", logger: quiet });
  const audit = new EventBus({ source: "audit", logger: quiet });
  shop.subscribe("order.placed", async (event, ctx) => {
    if (event.data.i % 200 === 199) await new Promise(() => {});
    if (random() < 0.5) await wait(random() * 150);
    if (random() < 0.2) throw new Error("declined");
    await ctx.publish("invoice.created");
    await audit.publish("invoice.created");
  }, { name: "billing", retry: { maxAttempts: 3, backoff: { initialMs: 50, maxMs: 2_000, factor: 8 } } });
  shop.subscribe("invoice.created", () => wait(random() * 30), { name: "mailer" });
  audit.subscribe("*", () => {}, { name: "ledger" });
  let i = 0;
  const publishing = setInterval(() => {
    for (let n = 0; n < 3; n++) shop.publish("order.placed", { i: i++ }).catch(() => {});
  }, 1);
  stopOnSignals({
    buses: [shop, audit],
    telemetry,
    logger: quiet,
    beforeDrain: () => clearInterval(publishing),
    onStopped: (report) => {
      onStopped(report);
      console.log("ledgers " + JSON.stringify([shop, audit].map((bus) => bus.stats())));
    },
    drainMs: ${DRAIN_MS},
    flushMs: ${FLUSH_MS},
  });
  setTimeout(ready, Number(MOMENT_MS));
`;

describe("a busy process that gets a signal at a random moment", () => {
  it.each(moments(SEED, RUNS))(
    "ends in time with accounts that balance: $signal after $momentMs ms, collector $behaviour (seed $seed)",
    async ({ momentMs, behaviour, signal, seed }) => {
      const { stopped, receiver } = await runWithCollector(behaviour, BUSY, {
        env: { MOMENT_MS: String(momentMs), SIGNAL_SEED: String(seed) },
        signalAfter: [{ output: "ready", signal }],
      });

      const { report } = stopped;
      expect(stopped).toMatchObject({ signal: null, timedOut: false, stderr: "" });
      expect(stopped.exitCode).toBe(report?.isComplete ? 0 : 1);
      expect(stopped.exitMs).toBeLessThan(DRAIN_MS + FLUSH_MS + 500);
      const ledgers = accounts<Record<string, number>[]>(stopped.stdout, "ledgers");
      for (const ledger of ledgers) {
        expect([ledger.queued, ledger.running, ledger.waitingForRetry]).toEqual([0, 0, 0]);
        expect(ledger.spansStarted).toBe(ledger.spansEnded);
      }
      const sum = (key: string): number => ledgers.reduce((total, ledger) => total + (ledger[key] ?? 0), 0);
      const cutFor = (reason: string): number => report?.cut.filter((each) => each.reason === reason).length ?? 0;
      expect(cutFor("deadline")).toBe(sum("aborted"));
      expect(report?.isComplete).toBe(report?.cut.length === 0);
      const { exported = 0, dropped = 0, failed = 0, notDelivered = 0 } = report?.telemetry?.spans ?? {};
      expect(dropped).toBeLessThanOrEqual(2 * cutFor("deadline")); // handlers that went on, and published, after they were cut
      expect(exported + dropped + failed + notDelivered).toBe(sum("spansEnded"));
      if (behaviour === "healthy" || behaviour === "slow") expect(receiver.spans()).toHaveLength(exported);
      if (behaviour === "healthy") expect(report?.telemetry).toMatchObject({ ok: true });
      else if (behaviour !== "slow") expect(report?.telemetry).toMatchObject({ ok: false });
    },
  );
});

describe("a busy process that gets a second signal at a random moment", () => {
  it.each(moments(SEED + 1, 5))(
    "ends at once, or had ended: $signal $momentMs ms after the first (seed $seed)",
    async ({ momentMs, signal, seed }) => {
      const second = `
        process.once("SIGTERM", () => setTimeout(() => {
          console.log("again");
          process.prependListener("${signal}", () => { secondAt = performance.now(); });
        }, ${60 + 2 * momentMs}));
        let secondAt;
        process.on("exit", () => console.log("late by " + (performance.now() - secondAt)));`;

      const { stopped } = await runWithCollector("hang", BUSY + second, {
        env: { MOMENT_MS: "300", SIGNAL_SEED: String(seed) },
        signalAfter: [
          { output: "ready", signal: "SIGTERM" },
          { output: "again", signal },
        ],
      });

      expect(stopped).toMatchObject({ signal: null, timedOut: false });
      const lateBy = Number(/^late by (.*)$/m.exec(stopped.stdout)?.[1]);
      if (Number.isNaN(lateBy)) {
        expect(stopped.exitCode).toBe(stopped.report?.isComplete ? 0 : 1);
      } else {
        expect(stopped.exitCode).toBe(signal === "SIGTERM" ? 143 : 130);
        expect(lateBy).toBeLessThan(500);
      }
    },
  );
});

interface Moment {
  readonly momentMs: number;
  readonly behaviour: ReceiverBehaviour;
  readonly signal: "SIGTERM" | "SIGINT";
  readonly seed: number;
}

function moments(seed: number, count: number): Moment[] {
  let state = seed >>> 0;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, (_, index) => ({
    momentMs: next(600),
    behaviour: BEHAVIOURS[index % BEHAVIOURS.length] ?? "healthy",
    signal: next(2) === 0 ? "SIGTERM" : "SIGINT",
    seed: next(2 ** 31),
  }));
}

function accounts<Accounts>(stdout: string, title: string): Accounts {
  return JSON.parse(new RegExp(`^${title} (.*)$`, "m").exec(stdout)?.[1] ?? "null") as Accounts;
}
