import { type Pattern, tokensMatch } from "./pattern.ts";

/** A bucket is divided by the next token when it holds more patterns than this; comparing fewer is cheaper than a branch. */
const BUCKET_SIZE = 16;

/**
 * Finds what was added under the patterns that match a name, in the order of addition. Names are looked up whole;
 * patterns with wildcards lie in a trie of tokens whose leaves are small buckets. A lookup visits a branch once at most
 * and there are fewer branches than patterns, so that the worst set of patterns costs one comparison for each.
 */
export class Router<Entry> {
  readonly #exact = new Map<string, Slot<Entry>[]>();
  readonly #root: Branch<Entry> = newBranch();
  #added = 0;

  add(pattern: Pattern, entry: Entry): void {
    const slot = { sequence: this.#added++, entry };
    if (!pattern.isExact) {
      addBelow(this.#root, pattern, slot);
      return;
    }
    const slots = this.#exact.get(pattern.text);
    if (slots === undefined) this.#exact.set(pattern.text, [slot]);
    else slots.push(slot);
  }

  /** Takes out the earliest addition of `entry` under this pattern; false when there is none. */
  remove(pattern: Pattern, entry: Entry): boolean {
    if (!pattern.isExact) return removeBelow(this.#root, pattern, entry);
    const slots = this.#exact.get(pattern.text);
    if (slots === undefined || !removeSlot(slots, entry)) return false;
    if (slots.length === 0) this.#exact.delete(pattern.text);
    return true;
  }

  /** The entries for a valid event name. */
  match(name: string): Entry[] {
    const exact = this.#exact.get(name);
    if (isBare(this.#root)) return exact === undefined ? [] : exact.map(entryOf);
    const found = exact === undefined ? [] : exact.slice();
    collect(this.#root, name.split("."), found);
    return found.sort(bySequence).map(entryOf);
  }

  /** Whether nothing is left, no empty branch either. */
  get isEmpty(): boolean {
    return this.#exact.size === 0 && isBare(this.#root);
  }
}

/** One addition. */
interface Slot<Entry> {
  readonly sequence: number;
  readonly entry: Entry;
}

/** A pattern with everything added under it. */
interface Route<Entry> {
  readonly pattern: Pattern;
  readonly slots: Slot<Entry>[];
}

interface Branch<Entry> {
  /** Patterns not divided yet; in a divided branch those that end here. */
  readonly routes: Route<Entry>[];
  /** By the next token, wildcards included: names hold no `*`. Undefined while the branch is one bucket. */
  next: Map<string, Branch<Entry>> | undefined;
}

function newBranch<Entry>(): Branch<Entry> {
  return { routes: [], next: undefined };
}

function isBare(branch: Branch<unknown>): boolean {
  return branch.routes.length === 0 && branch.next === undefined;
}

function addBelow<Entry>(root: Branch<Entry>, pattern: Pattern, slot: Slot<Entry>): void {
  let branch = root;
  let depth = 0;
  for (; branch.next !== undefined && depth < pattern.tokens.length; depth++) {
    branch = branchFor(branch.next, pattern.tokens[depth]!);
  }
  const route = branch.routes.find((each) => each.pattern.canonical === pattern.canonical);
  if (route !== undefined) {
    route.slots.push(slot);
    return;
  }
  branch.routes.push({ pattern, slots: [slot] });
  if (branch.next === undefined && branch.routes.length > BUCKET_SIZE) divide(branch, depth);
}

function branchFor<Entry>(next: Map<string, Branch<Entry>>, token: string): Branch<Entry> {
  let branch = next.get(token);
  if (branch === undefined) {
    branch = newBranch();
    next.set(token, branch);
  }
  return branch;
}

/** Spreads a full bucket by the token at `depth`; ends, as its patterns differ somewhere before their 32nd token. */
function divide<Entry>(branch: Branch<Entry>, depth: number): void {
  branch.next = new Map();
  for (const route of branch.routes.splice(0)) {
    const token = route.pattern.tokens[depth];
    const target = token === undefined ? branch : branchFor(branch.next, token);
    target.routes.push(route);
  }
  for (const below of branch.next.values()) if (below.routes.length > BUCKET_SIZE) divide(below, depth + 1);
}

function collect<Entry>(root: Branch<Entry>, tokens: readonly string[], found: Slot<Entry>[]): void {
  let level = [root];
  for (let depth = 0; level.length > 0; depth++) {
    const token = tokens[depth];
    const nextLevel: Branch<Entry>[] = [];
    for (const { routes, next } of level) {
      for (const { pattern, slots } of routes) {
        if (tokensMatch(pattern.tokens, tokens)) for (const slot of slots) found.push(slot);
      }
      if (next === undefined || token === undefined) continue;
      for (const key of [token, "*", "**"]) {
        const branch = next.get(key);
        if (branch !== undefined) nextLevel.push(branch);
      }
    }
    level = nextLevel;
  }
}

function removeBelow<Entry>(root: Branch<Entry>, { tokens, canonical }: Pattern, entry: Entry): boolean {
  const path = [root];
  let branch: Branch<Entry> | undefined = root;
  while (branch.next !== undefined && path.length <= tokens.length) {
    branch = branch.next.get(tokens[path.length - 1]!);
    if (branch === undefined) return false;
    path.push(branch);
  }
  const index = branch.routes.findIndex(({ pattern }) => pattern.canonical === canonical);
  const route = branch.routes[index];
  if (route === undefined || !removeSlot(route.slots, entry)) return false;
  if (route.slots.length === 0) branch.routes.splice(index, 1);
  prune(path, tokens);
  return true;
}

/** Drops what has become empty, from the end of the path up. */
function prune(path: readonly Branch<unknown>[], tokens: readonly string[]): void {
  for (let depth = path.length - 1; depth > 0 && isBare(path[depth]!); depth--) {
    const above = path[depth - 1]!;
    above.next!.delete(tokens[depth - 1]!);
    if (above.next!.size === 0) above.next = undefined;
  }
}

function removeSlot<Entry>(slots: Slot<Entry>[], entry: Entry): boolean {
  const index = slots.findIndex((slot) => slot.entry === entry);
  if (index === -1) return false;
  slots.splice(index, 1);
  return true;
}

function bySequence(a: Slot<unknown>, b: Slot<unknown>): number {
  return a.sequence - b.sequence;
}

function entryOf<Entry>(slot: Slot<Entry>): Entry {
  return slot.entry;
}
