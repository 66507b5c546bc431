/** What the hub knows about a repository. */
export interface RepositoryEntry {
  readonly name: string;
  /** Events by their second token: `issues`, `push`. */
  readonly events: ReadonlyMap<string, number>;
}

const MAX_REPOSITORIES = 10_000;

/** The repositories seen lately, with their events; in memory, bounded. */
export class RepositoryIndex {
  readonly #entries = new Map<string, { readonly name: string; readonly events: Map<string, number> }>();

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): RepositoryEntry | undefined {
    return this.#entries.get(name);
  }

  /** Counts an event; true the first time a repository is seen. */
  add(name: string, event: string): boolean {
    const known = this.#entries.get(name);
    const entry = known ?? { name, events: new Map<string, number>() };
    entry.events.set(event, (entry.events.get(event) ?? 0) + 1);
    if (known !== undefined) return false;
    this.#entries.set(name, entry);
    if (this.#entries.size > MAX_REPOSITORIES) this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
