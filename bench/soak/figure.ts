/** What a reading may be; a figure without a limit is shown for what it is. */
export type Limit = { readonly atMost: number } | { readonly atLeast: number } | { readonly exactly: number };

/** One number of a figure. */
export interface Reading {
  readonly what: string;
  readonly measured: number;
  readonly unit: string;
  readonly limit?: Limit;
  /** Depends on how busy the machine is: shown beside its limit, never failed on. */
  readonly isTiming?: boolean;
}

/** Something that must hold however much is asked of a bus, measured in a process of its own. */
export interface Figure {
  /** How much is asked in a full run: events, names, or milliseconds. */
  readonly size: number;
  /** What is asked, in words. */
  readonly title: (size: number) => string;
  readonly measure: (size: number) => Promise<readonly Reading[]>;
}

/** Whether a reading is as it must be, as far as it can be told whatever else the machine does. */
export function isBroken(reading: Reading): boolean {
  return reading.isTiming !== true && !isWithin(reading);
}

/** Whether a reading is within its limit; a number that is none is not. */
export function isWithin({ measured, limit }: Reading): boolean {
  if (limit === undefined) return true;
  if ("atMost" in limit) return measured <= limit.atMost;
  if ("atLeast" in limit) return measured >= limit.atLeast;
  return measured === limit.exactly;
}

/** A count as people write it. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}
