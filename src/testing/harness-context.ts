import { AsyncLocalStorage } from "node:async_hooks";
import * as api from "@opentelemetry/api";
import { GLOBAL_API, type OtelApi } from "../telemetry/registered.ts";

/** One for all harnesses: a bus that publishes from another's handler nests its spans, as in production. */
const contexts = new AsyncLocalStorage<api.Context>();

/** What a context knows about its run, and the span that was active when that was written. */
interface Mark<Run> {
  readonly run: Run | undefined;
  readonly span: api.Span | undefined;
}

/**
 * The active OpenTelemetry context of one harness, with the run it belongs to. It lives in the application's context
 * manager where one is registered, and in storage of the kit's own in any case: tests need no SDK, and code that resets
 * the OpenTelemetry context does not leave its run.
 */
export class HarnessContext<Run extends object> implements Pick<OtelApi, "context"> {
  // not api.createContextKey(): that makes the same key of the same words, and harnesses must not share runs
  readonly #runKey = Symbol("spanbus.testing.run");
  readonly #spanKey = Symbol("spanbus.testing.span");
  readonly #owned = new WeakMap<api.Span, Run | undefined>();

  /** What the bus's telemetry uses in place of the API's own. */
  readonly context: OtelApi["context"] = {
    active: () => this.active(),
    with: (context, call, ...[self, ...rest]) => {
      return this.#with(this.#stamp(context), () => call.apply(self as never, rest));
    },
  };

  /** The context active now. */
  active(): api.Context {
    if (isManaged()) return api.context.active();
    return contexts.getStore() ?? api.ROOT_CONTEXT;
  }

  /** Calls `call` so that everything it causes belongs to `run`. */
  enterRun<Result>(run: Run, call: () => Result): Result {
    const active = this.active();
    return this.#with(active.setValue(this.#runKey, { run, span: api.trace.getSpan(active) }), call);
  }

  /** The run that the code running now belongs to. */
  activeRun(): Run | undefined {
    const stored = contexts.getStore();
    return this.runOf(this.active()) ?? (stored && this.runOf(stored));
  }

  /** The run a context belongs to. */
  runOf(context: api.Context): Run | undefined {
    const mark = context.getValue(this.#runKey) as Mark<Run> | undefined;
    const span = api.trace.getSpan(context);
    // a span of ours that is newer than the mark knows better: a replay runs in the context of the first publish
    return span !== undefined && span !== mark?.span && this.#owned.has(span) ? this.#owned.get(span) : mark?.run;
  }

  /** Remembers a span of this harness's bus. */
  own(span: api.Span, run: Run | undefined): void {
    this.#owned.set(span, run);
  }

  /** The nearest span of this harness around `context`; spans of the application's own SDK are looked through. */
  nearestSpan(context: api.Context): api.Span | undefined {
    const span = api.trace.getSpan(context);
    if (span === undefined) return undefined;
    return this.#owned.has(span) ? span : (context.getValue(this.#spanKey) as api.Span | undefined);
  }

  #stamp(context: api.Context): api.Context {
    const span = api.trace.getSpan(context);
    if (span === undefined || !this.#owned.has(span)) return context;
    return context.setValue(this.#spanKey, span).setValue(this.#runKey, { run: this.runOf(context), span });
  }

  #with<Result>(context: api.Context, call: () => Result): Result {
    return contexts.run(context, () => (isManaged() ? api.context.with(context, call) : call()));
  }
}

function isManaged(): boolean {
  return GLOBAL_API.registered()?.context !== undefined;
}
