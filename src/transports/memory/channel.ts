import type { Pattern } from "../../routing/pattern.ts";
import type { Envelope, UnsettledEnvelope } from "../transport.ts";

// taken at load time: a test's fake timers must not stop the transport
const { setImmediate: nextTurn } = globalThis;

/** An envelope on its way to one group, or to one subscription without a group. */
export interface Entry {
  readonly envelope: Envelope;
  /** Its place among the entries of its channel. */
  readonly sequence: number;
  /** How often it was handed over. */
  attempts: number;
}

/** Takes entries out of a channel. */
export interface Member {
  /** Whether it goes on taking whatever comes. */
  readonly isOpen: boolean;
  /** Whether it takes this entry now. */
  takes(entry: Entry): boolean;
  /** Never throws. */
  take(entry: Entry): void;
  /** Called when others have joined, left or settled. */
  look(): void;
}

/** What a channel tells its broker. */
export interface ChannelInit {
  readonly pattern: Pattern;
  readonly group: string | undefined;
  /** Called when there is more room in it, or nobody left to make room. */
  readonly onChange: () => void;
}

/** The queue of one group, or of one subscription without a group. Its entries leave in the order they came in. */
export class Channel {
  readonly pattern: Pattern;
  readonly group: string | undefined;
  readonly #onChange: () => void;
  readonly #queue: Entry[] = [];
  readonly #unsettled = new Set<Entry>();
  readonly #members: Member[] = [];
  #sequence = 0;
  #turn = 0;
  #isScheduled = false;

  constructor({ pattern, group, onChange }: ChannelInit) {
    this.pattern = pattern;
    this.group = group;
    this.#onChange = onChange;
  }

  /** How many envelopes it holds: waiting, or handed over and not settled. */
  get held(): number {
    return this.#unsettled.size;
  }

  get hasMembers(): boolean {
    return this.#members.length > 0;
  }

  /** Whether anybody is there who goes on taking whatever comes. */
  get hasOpenMember(): boolean {
    return this.#members.some((each) => each.isOpen);
  }

  /** The place of the next entry to come. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Whether an entry from before this place waits. */
  hasWaitingBefore(sequence: number): boolean {
    const [next] = this.#queue;
    return next !== undefined && next.sequence < sequence;
  }

  /** What it holds, oldest first. */
  unsettled(): UnsettledEnvelope[] {
    const { group, hasMembers: hasReceiver } = this;
    const pattern = this.pattern.text;
    return [...this.#unsettled].map(({ envelope }) => ({ envelope, pattern, group, hasReceiver }));
  }

  add(envelope: Envelope): void {
    const entry: Entry = { envelope, sequence: this.#sequence++, attempts: 0 };
    this.#unsettled.add(entry);
    this.#queue.push(entry);
    this.#schedule();
  }

  /** Takes back an entry that was not settled: to where it came from, before all that came later. */
  giveBack(entry: Entry): void {
    const later = this.#queue.findIndex((each) => each.sequence > entry.sequence);
    this.#queue.splice(later === -1 ? this.#queue.length : later, 0, entry);
    this.#schedule();
  }

  /** Lets go of an entry that a member has settled. */
  settled(entry: Entry): void {
    this.#unsettled.delete(entry);
    this.#schedule();
    this.#onChange();
    this.#tellMembers();
  }

  join(member: Member): void {
    this.#members.push(member);
    this.#schedule();
    this.#tellMembers();
  }

  leave(member: Member): void {
    const index = this.#members.indexOf(member);
    if (index !== -1) this.#members.splice(index, 1);
    this.#onChange();
    this.#tellMembers();
  }

  /** Looks for somebody to take what waits; to be called when a member changes what it takes. */
  offer(): void {
    this.#schedule();
    this.#tellMembers();
  }

  #tellMembers(): void {
    for (const member of [...this.#members]) member.look();
  }

  /** Hands over in a turn of its own: never inside a publish, and never so as to starve the event loop. */
  #schedule(): void {
    if (this.#isScheduled || this.#queue.length === 0 || this.#members.length === 0) return;
    this.#isScheduled = true;
    nextTurn(() => {
      this.#isScheduled = false;
      this.#handOver();
    });
  }

  #handOver(): void {
    while (this.#queue.length > 0) {
      const member = this.#nextMember(this.#queue[0] as Entry);
      if (member === undefined) return; // whoever settles, joins or gives back schedules again
      member.take(this.#queue.shift() as Entry);
    }
  }

  /** The members in turn, those that do not take it passed over. */
  #nextMember(entry: Entry): Member | undefined {
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[this.#turn++ % this.#members.length];
      if (member?.takes(entry)) return member;
    }
    return undefined;
  }
}
