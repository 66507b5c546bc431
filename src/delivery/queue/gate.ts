/** A gate that another waits for, and how much of what that one waits for it is. */
export interface GateCause {
  readonly gate: Gate;
  readonly weight: number;
}

/** Something that may come about: it does when enough of its causes have. */
export class Gate {
  #isOpen = false;
  #missing = 0;
  #effects: GateCause[] = [];

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Opens it when those of `causes` that are open weigh `needed` together: now, or later. */
  opensAfter(needed: number, causes: Iterable<GateCause>): void {
    this.#missing = needed;
    if (needed <= 0) this.open();
    if (this.#isOpen) return;
    for (const { gate, weight } of causes) {
      if (gate.isOpen) this.#missing -= weight;
      else gate.#effects.push({ gate: this, weight });
      if (this.#missing <= 0) {
        this.open();
        break;
      }
    }
  }

  /** Opens it, and all that come about with it: in a loop, for they may be many. */
  open(): void {
    const opening: Gate[] = [this];
    for (let gate = opening.pop(); gate !== undefined; gate = opening.pop()) {
      for (const { gate: effect, weight } of gate.#takeEffects()) {
        effect.#missing -= weight;
        if (effect.#missing <= 0) opening.push(effect);
      }
    }
  }

  /** Marks it as open. */
  #takeEffects(): readonly GateCause[] {
    const effects = this.#effects;
    this.#isOpen = true;
    this.#effects = [];
    return effects;
  }
}
