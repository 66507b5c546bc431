/** What {@link within} resolves with when the time is over first. */
export const LATE: unique symbol = Symbol("late");

/** Resolves with what `work` does, or with `LATE` after `ms`, whichever is first. Keeps the process alive meanwhile. */
export function within<Result>(work: Promise<Result>, ms: number): Promise<Result | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** How long a part may take to tell that its own deadline has passed, in milliseconds. */
export const GRACE_MS = 50;
