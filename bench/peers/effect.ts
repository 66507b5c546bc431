import { setTimeout as sleep } from "node:timers/promises";
import type { Contestant, Handler, Publish } from "../contestant.ts";
import { DATA, EVENT_NAME } from "../scenario.ts";
import { loadPeer } from "./load.ts";

/** An effect: what it holds is Effect's affair. */
type Program = { readonly opaque: unique symbol };

interface EffectModule {
  readonly Effect: {
    readonly void: Program;
    readonly currentSpan: Program;
    sync(run: () => unknown): Program;
    promise(run: () => Promise<unknown>): Program;
    suspend(make: () => Program): Program;
    flatMap(self: Program, next: (value: never) => Program): Program;
    exit(self: Program): Program;
    forever(self: Program): Program;
    scoped(self: Program): Program;
    withSpan(self: Program, name: string, options: object): Program;
  };
  readonly PubSub: {
    unbounded(): Program;
    subscribe(pubsub: unknown): Program;
    publish(pubsub: unknown, message: Message): Program;
    take(subscription: unknown): Program;
  };
  readonly Deferred: {
    makeUnsafe(): unknown;
    await(deferred: unknown): Program;
    doneUnsafe(deferred: unknown, result: Program): boolean;
  };
  readonly Metric: {
    counter(name: string, options: object): unknown;
    histogram(name: string, options: object): unknown;
    update(metric: unknown, value: number): Program;
  };
  readonly Layer: { readonly empty: unknown };
  readonly ManagedRuntime: { make(layer: unknown): Runtime };
}
interface Runtime {
  runPromise(program: Program): Promise<unknown>;
  runFork(program: Program): unknown;
}
interface OtelTracerModule {
  readonly layerGlobal: unknown;
}

interface Message {
  readonly data: unknown;
  /** The publish span: a subscriber's fiber is not inside it. */
  readonly span: unknown;
  readonly done: unknown;
  remaining: number;
}

/**
 * A `PubSub` and a fiber for each handler; with telemetry, `@effect/opentelemetry`'s tracer, a span around the publish and
 * each handler, and Effect's own metrics. Publishing waits until every handler is done.
 */
export const effect: Contestant = {
  name: "effect",
  sdk: "own",
  isolates: true,
  awaits: true,
  wildcards: false,
  async setUp({ mode, kind }, handlers) {
    const isTraced = mode !== "silent";
    const modules = await loadPeer<EffectModule>("effect");
    const { layerGlobal } = await loadPeer<OtelTracerModule>("@effect/opentelemetry/OtelTracer");
    const runtime = modules.ManagedRuntime.make(isTraced ? layerGlobal : modules.Layer.empty);
    const pubsub = await runtime.runPromise(modules.PubSub.unbounded());
    const room = new Room(modules, { isTraced, isAsync: kind === "async", pubsub });
    for (const [index, handler] of handlers.entries()) runtime.runFork(room.subscriber(handler, `handler-${index}`));
    await sleep(20); // a fiber subscribes when it first runs
    const program = room.publisher(handlers.length);
    return (() => runtime.runPromise(program)) satisfies Publish;
  },
};

interface RoomOptions {
  readonly isTraced: boolean;
  readonly isAsync: boolean;
  readonly pubsub: unknown;
}

class Room {
  readonly #modules: EffectModule;
  readonly #options: RoomOptions;

  constructor(modules: EffectModule, options: RoomOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  publisher(remaining: number): Program {
    const { Effect, PubSub, Deferred } = this.#modules;
    const { pubsub, isTraced } = this.#options;
    const publishIn = (span: unknown): Program => {
      const done = Deferred.makeUnsafe();
      const published = PubSub.publish(pubsub, { data: DATA, span, done, remaining });
      return Effect.flatMap(published, () => Deferred.await(done));
    };
    if (!isTraced) return Effect.suspend(() => publishIn(undefined));
    const attributes = attributesOf("publish");
    const traced = Effect.withSpan(Effect.flatMap(Effect.currentSpan, publishIn), `publish ${EVENT_NAME}`, {
      kind: "producer",
      attributes,
    });
    return this.#measured(traced, "publish");
  }

  /** Takes and handles messages for ever. */
  subscriber(handler: Handler, name: string): Program {
    const { Effect, PubSub, Deferred } = this.#modules;
    const { pubsub, isTraced, isAsync } = this.#options;
    const attributes = { ...attributesOf("process"), "messaging.destination.subscription.name": name };
    const settle = (message: Message): Program => {
      if (--message.remaining === 0) Deferred.doneUnsafe(message.done, Effect.void);
      return Effect.void;
    };
    const handle = (message: Message): Program => {
      const run = isAsync
        ? Effect.promise(async () => handler(message.data))
        : Effect.sync(() => handler(message.data));
      const { span: parent } = message;
      const traced = isTraced
        ? Effect.withSpan(run, `process ${EVENT_NAME}`, { kind: "consumer", parent, attributes })
        : run;
      const bounded = Effect.exit(traced); // the error boundary
      return Effect.flatMap(isTraced ? this.#measured(bounded, "process") : bounded, () => settle(message));
    };
    const loop = (subscription: unknown): Program => Effect.forever(Effect.flatMap(PubSub.take(subscription), handle));
    return Effect.scoped(Effect.flatMap(PubSub.subscribe(pubsub), loop));
  }

  /** With a counter and a histogram. */
  #measured(program: Program, operation: string): Program {
    const { Effect, Metric } = this.#modules;
    const labels = { attributes: { "messaging.destination.name": EVENT_NAME, "messaging.operation.name": operation } };
    const count = Metric.counter(`messaging.${operation}.messages`, { incremental: true, ...labels });
    const boundaries = [0.0001, 0.001, 0.01, 0.1, 1];
    const duration = Metric.histogram(`messaging.${operation}.duration`, { boundaries, ...labels });
    return Effect.suspend(() => {
      const startedAt = performance.now();
      const record = (): Program => Metric.update(duration, (performance.now() - startedAt) / 1000);
      return Effect.flatMap(Effect.flatMap(program, record), () => Metric.update(count, 1));
    });
  }
}

function attributesOf(operation: string): Record<string, string> {
  return {
    "messaging.system.name": "effect",
    "messaging.destination.name": EVENT_NAME,
    "messaging.operation.name": operation,
    "messaging.operation.type": operation === "publish" ? "send" : "process",
  };
}
