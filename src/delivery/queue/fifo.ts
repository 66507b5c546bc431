/**
 * First in, first out; takes from the front without moving what is behind it. What is gone before its turn (dropped, say)
 * is passed over, and not kept for long.
 */
export class Fifo<Item> {
  readonly #isGone: (item: Item) => boolean;
  #items: (Item | undefined)[] = [];
  #head = 0;
  #goneCount = 0;

  constructor(isGone: (item: Item) => boolean) {
    this.#isGone = isGone;
  }

  /** Items that are not gone. */
  get size(): number {
    return this.#items.length - this.#head - this.#goneCount;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** The first item that is not gone. */
  get first(): Item | undefined {
    while (this.#head < this.#items.length) {
      const item = this.#items[this.#head] as Item;
      if (!this.#isGone(item)) return item;
      this.#step();
      this.#goneCount--;
    }
    return undefined;
  }

  shift(): Item | undefined {
    const item = this.first;
    if (item !== undefined) this.#step();
    return item;
  }

  #step(): void {
    this.#items[this.#head] = undefined; // what has left must not be kept
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  /** To be called once for each item that is gone before it was taken. */
  noteGone(): void {
    this.#goneCount++;
    if (this.size <= 0 || (this.#goneCount > 32 && this.#goneCount > this.size)) this.#reset(this.list());
  }

  /** The items that are not gone, in order. */
  list(): Item[] {
    return (this.#items.slice(this.#head) as Item[]).filter((item) => !this.#isGone(item));
  }

  #reset(items: Item[]): void {
    this.#items = items;
    this.#head = 0;
    this.#goneCount = 0;
  }

  /** Takes every item away, in order. */
  clear(): Item[] {
    const items = this.list();
    this.#reset([]);
    return items;
  }
}
