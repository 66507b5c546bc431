/** The events that are arriving on one bus from one transport at this moment, so that none is sent back. */
export class Arrivals {
  readonly #counts = new Map<string, number>();

  has(id: string): boolean {
    return this.#counts.has(id);
  }

  /** To be called before the event is published, and `remove` once its deliveries have settled. */
  add(id: string): void {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  remove(id: string): void {
    const left = (this.#counts.get(id) ?? 1) - 1;
    if (left === 0) this.#counts.delete(id);
    else this.#counts.set(id, left);
  }
}

const all = new WeakMap<object, WeakMap<object, Arrivals>>();

/** What arrives on `bus` from `transport`: shared by all their links, as one may receive and another send. */
export function arrivalsOf(bus: object, transport: object): Arrivals {
  let ofBus = all.get(bus);
  if (ofBus === undefined) {
    ofBus = new WeakMap();
    all.set(bus, ofBus);
  }
  let arrivals = ofBus.get(transport);
  if (arrivals === undefined) {
    arrivals = new Arrivals();
    ofBus.set(transport, arrivals);
  }
  return arrivals;
}
