import type { Contestant, Handler, Publish } from "../contestant.ts";
import { DirectTelemetry, type HandMadeEvent } from "../contestants/direct.ts";
import { DATA, EVENT_NAME, patternOf, type Scenario } from "../scenario.ts";
import { loadPeer } from "./load.ts";

interface EventEmitter2 {
  on(name: string, listener: (data: unknown) => unknown): unknown;
  emit(name: string, data: unknown): boolean;
  emitAsync(name: string, data: unknown): Promise<unknown>;
}
type Options = { readonly wildcard: boolean; readonly maxListeners: number };
type EventEmitter2Module = { readonly default: new (options: Options) => EventEmitter2 };

/** `emit`, which does not wait. */
export const eventEmitter2: Contestant = {
  name: "EventEmitter2",
  isolates: false,
  awaits: false,
  wildcards: true,
  async setUp(scenario, handlers) {
    const emitter = await makeEmitter(scenario, handlers);
    if (scenario.kind !== "throwing") return () => void emitter.emit(EVENT_NAME, DATA);
    return () => {
      try {
        emitter.emit(EVENT_NAME, DATA);
      } catch {
        // what the emitter's user has to do himself
      }
    };
  },
};

/** `emitAsync`, which waits; a synchronous throw ends it before the next listener. */
export const eventEmitter2Async: Contestant = {
  name: "EventEmitter2.emitAsync",
  isolates: false,
  awaits: true,
  wildcards: true,
  async setUp(scenario, handlers): Promise<Publish> {
    const emitter = await makeEmitter(scenario, handlers);
    if (scenario.kind !== "throwing") return () => emitter.emitAsync(EVENT_NAME, DATA);
    return async () => {
      try {
        await emitter.emitAsync(EVENT_NAME, DATA);
      } catch {
        // what the emitter's user has to do himself
      }
    };
  },
};

export const eventEmitter2Wrapped: Contestant = {
  name: "EventEmitter2, hand-wrapped",
  sdk: "own",
  isolates: true,
  awaits: true,
  wildcards: true,
  async setUp(scenario, handlers) {
    const telemetry = new DirectTelemetry();
    const traced = handlers.map((handler, index) => telemetry.handler(handler, `handler-${index}`));
    const emitter = await makeEmitter(
      scenario,
      traced.map((handler) => (event) => handler(event as HandMadeEvent)),
    );
    return () => telemetry.publish((event) => emitter.emitAsync(EVENT_NAME, event), handlers.length);
  },
};

async function makeEmitter(scenario: Scenario, handlers: readonly Handler[]): Promise<EventEmitter2> {
  const { default: Emitter } = await loadPeer<EventEmitter2Module>("eventemitter2");
  const emitter = new Emitter({ wildcard: scenario.subscribed === "wildcard", maxListeners: 0 });
  for (const handler of handlers) emitter.on(patternOf(scenario), handler);
  return emitter;
}
