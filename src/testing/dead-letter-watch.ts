import type { BusCore } from "../bus/bus-core.ts";
import type { DeadLetter, DeadLetterStore } from "../delivery/dead-letter.ts";
import type { BusEvent } from "../event/event.ts";
import type { Book } from "./book.ts";

/** What watching dead letters needs. */
export interface DeadLetterWatchInit {
  /** The book of what a subscription does with an event. */
  readonly bookOf: (event: BusEvent, subscription: string) => Book;
  readonly labelOf: (name: string) => string;
  /** The run that is active now. */
  readonly activeRun: () => Book | undefined;
}

/** Follows the dead letters of a bus, into the metrics: what is stored, and how it goes. */
export function watchDeadLetters({ deadLetters, settings }: BusCore, init: DeadLetterWatchInit): void {
  const { bookOf, labelOf, activeRun } = init;
  const count: Count = ({ event, subscription }, operation, book = bookOf(event, subscription)) => {
    const labels = { destination: labelOf(event.name), subscription };
    book.count("deadLetterEvents", { ...labels, deadLetterOperation: operation });
    book.count("deadLettersStored", labels, operation === "stored" ? 1 : -1);
  };
  watchStore(deadLetters, settings.deadLetterCapacity, (letter, gone) => {
    const book = bookOf(letter.event, letter.subscription);
    if (gone.replayed !== undefined) count(gone.replayed, "replayed", book);
    count(letter, "stored", book);
    if (gone.evicted !== undefined) count(gone.evicted, "evicted", book); // by this run, whosever letter it was
  });
  watchRemove(deadLetters, (letter) => count(letter, "removed", activeRun())); // not by what once failed
  watchReplays(deadLetters, count);
}

type Letter = Pick<DeadLetter, "event" | "subscription">;
type Operation = "stored" | "replayed" | "removed" | "evicted";
type Count = (letter: Letter, operation: Operation, book?: Book | undefined) => void;
/** What made way for a letter: its own earlier entry, and the oldest where there was no room. */
type Gone = { readonly replayed: Letter | undefined; readonly evicted: Letter | undefined };

function watchStore(letters: DeadLetterStore, capacity: number, onStored: (letter: Letter, gone: Gone) => void): void {
  const store = letters.store.bind(letters);
  letters.store = (init) => {
    const replayed = letters.get(init.replayOf ?? "");
    const oldest = letters.size < capacity ? undefined : letters.list()[0];
    const note = store(init);
    const evicted = oldest !== undefined && letters.get(oldest.id) === undefined ? oldest : undefined;
    const letter = { event: init.event as BusEvent, subscription: init.leg.subscription.name };
    onStored(letter, { replayed, evicted });
    return note;
  };
}

function watchRemove(letters: DeadLetterStore, onRemoved: (letter: Letter) => void): void {
  const remove = letters.remove.bind(letters);
  letters.remove = (id) => {
    const letter = letters.get(id);
    const isRemoved = remove(id);
    if (isRemoved && letter !== undefined) onRemoved(letter);
    return isRemoved;
  };
}

function watchReplays(letters: DeadLetterStore, count: Count): void {
  const endReplay = letters.endReplay.bind(letters);
  letters.endReplay = (id, isDone) => {
    const letter = letters.get(id);
    endReplay(id, isDone);
    if (isDone && letter !== undefined) count(letter, "replayed");
  };
}
