import type { DeliveryFailure } from "spanbus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveLog } from "../../examples/webhook-hub/report/live-log.ts";
import { ProgressBar } from "../../examples/webhook-hub/report/progress-bar.ts";
import type { Screen } from "../../examples/webhook-hub/report/screen.ts";

function recordingScreen(isLive: boolean): { readonly screen: Screen; readonly written: string[] } {
  const written: string[] = [];
  const screen: Screen = { width: 80, isLive, paint: (_, text) => text, write: (text) => void written.push(text) };
  return { screen, written };
}

beforeEach(() => {
  vi.useFakeTimers({ now: new Date(2024, 0, 1, 12, 30, 0) });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the progress bar", () => {
  it("is a line for each quarter where there is no terminal", () => {
    const { screen, written } = recordingScreen(false);
    const bar = new ProgressBar(screen, 10, () => "so far");

    for (let i = 0; i < 10; i++) bar.advance();
    bar.end();

    expect(written).toEqual([3, 5, 8, 10].map((done) => `  ${done} of 10 · so far\n`));
  });

  it("is drawn over itself on a terminal, on one line, and taken away at the end", () => {
    const { screen, written } = recordingScreen(true);
    const bar = new ProgressBar(screen, 2, () => "x".repeat(100));

    vi.advanceTimersByTime(80);
    bar.advance();
    vi.advanceTimersByTime(80);
    bar.end();
    vi.advanceTimersByTime(1_000);

    const clear = "\r\u001b[2K";
    expect(written.map((text) => text.startsWith(clear) && !text.includes("\n"))).toEqual([true, true, true]);
    expect(written.filter((text) => text.length - clear.length > 80)).toEqual([]);
    expect(written[1]).toContain(`${"█".repeat(15)}${"░".repeat(15)} 1 of 2`);
    expect(written[2]).toBe(clear);
  });
});

describe("the live log", () => {
  it("tells what came in and what failed, on one line each", () => {
    const { screen, written } = recordingScreen(true);
    const log = new LiveLog(screen);

    log.answer({ status: 202, reason: "accepted", event: "github.issues.opened", correlationId: "c1" });
    log.answer({ status: 401, reason: "wrong_signature", correlationId: "x\n\u001b[2J" });
    const failure = {
      subscription: "store",
      error: new Error("503"),
      event: { correlationId: "c1" },
      outcome: "failed",
    };
    log.failure(failure as DeliveryFailure);
    log.end();

    expect(written.map((line) => line.replace(/ +/g, " "))).toEqual([
      "12:30:00 202 github.issues.opened c1\n",
      "12:30:00 401 wrong_signature x··[2J\n",
      "12:30:00 ✗ store: 503 c1\n",
    ]);
  });

  it("does not flood the screen", () => {
    const { screen, written } = recordingScreen(true);
    const log = new LiveLog(screen);

    for (let i = 0; i < 100; i++) log.answer({ status: 202, reason: "accepted" });
    vi.advanceTimersByTime(1_000);
    log.end();

    expect(written.length).toBe(21);
    expect(written.at(-1)).toContain("and 80 more");
  });
});
