/** A call that happens once, and whose throw is told apart from that of whoever was asked to make it. */
export class OnlyCall<Result> {
  readonly #run: () => Result;
  #end: { readonly result: Result } | { readonly error: unknown } | undefined;

  constructor(run: () => Result) {
    this.#run = run;
  }

  make(): void {
    if (this.#end !== undefined) return;
    try {
      this.#end = { result: this.#run() };
    } catch (error: unknown) {
      this.#end = { error };
    }
  }

  /** Makes the call if it was not made yet; returns what it returned, throws what it threw. */
  finish(): Result {
    this.make();
    if (this.#end !== undefined && "result" in this.#end) return this.#end.result;
    throw this.#end?.error;
  }
}
