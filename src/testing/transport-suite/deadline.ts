import { AssertionError } from "node:assert";

// taken at load time: a test's fake timers must not stop the deadlines of the suite
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;

/** What `promise` resolves with; an error that says `what` was awaited when that takes longer than `ms`. */
export async function within<Value>(promise: PromiseLike<Value>, ms: number, what: () => string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = startTimer(() => reject(new AssertionError({ message: `${what()} (waited ${ms} ms)` })), ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    stopTimer(timer);
  }
}

/** Lets `ms` milliseconds pass. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void startTimer(resolve, ms));
}

/** A promise that is opened from outside. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
