import type { Logger } from "../logger.ts";
import type { Transport, UnsettledEnvelope } from "../transports/transport.ts";

/** A link, as the bus it belongs to sees it. */
export interface LinkedTransport {
  readonly transport: Transport;
  /** Whether it hands events of the transport over to the bus. */
  readonly receives: boolean;
  /** What it left behind when it ended, that nobody else is there to take. */
  readonly left: readonly UnsettledEnvelope[];
  /**
   * Whether nothing more is to come from it; asked, again and again, while the bus drains and is idle. From the first
   * call on it takes nothing but what the transport holds for it already.
   */
  isFinished(): boolean;
  /** Takes nothing more, at once; what it had not settled goes back. Resolves when `left` is known. Never rejects. */
  end(): Promise<void>;
}

/** Who has a say in the drain of one bus: its links, and a stop of several buses. */
export class DrainPartners {
  readonly logger: Logger;
  readonly isBusClosed: () => boolean;
  readonly links: Set<LinkedTransport> = new Set();
  /** Buses that are drained together with this one: while they do, their handlers may publish on it. */
  companions: ReadonlySet<object> = NOBODY;
  /** Says whether the buses that are drained together are all idle. */
  areOthersIdle: () => boolean = () => true;
  #isAdmitting = false;

  constructor(logger: Logger, isBusClosed: () => boolean) {
    this.logger = logger;
    this.isBusClosed = isBusClosed;
  }

  /** What is published in `publish`, before it returns, is let in by a bus that drains. */
  admit<Result>(publish: () => Result): Result {
    this.#isAdmitting = true;
    try {
      return publish();
    } finally {
      this.#isAdmitting = false;
    }
  }

  get isAdmitting(): boolean {
    return this.#isAdmitting;
  }

  /** Whether an idle bus has nothing more to wait for. */
  areFinished(): boolean {
    if (!this.areOthersIdle()) return false;
    let areFinished = true;
    for (const link of this.links) if (!link.isFinished()) areFinished = false; // all are asked: asking is what ends them
    return areFinished;
  }

  endLinks(): void {
    for (const link of this.links) void link.end(); // never rejects
  }
}

const NOBODY: ReadonlySet<object> = new Set();
const all = new WeakMap<object, DrainPartners>();

export function registerPartners(bus: object, partners: DrainPartners): void {
  all.set(bus, partners);
}

/** Undefined for what is no bus of this copy of the package. */
export function partnersOf(bus: object): DrainPartners | undefined {
  return all.get(bus);
}
