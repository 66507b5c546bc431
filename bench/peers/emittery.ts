import type { Contestant } from "../contestant.ts";
import { DirectTelemetry, type HandMadeEvent } from "../contestants/direct.ts";
import { DATA, EVENT_NAME } from "../scenario.ts";
import { loadPeer } from "./load.ts";

interface Emittery {
  on(name: string, listener: (event: { readonly data: unknown }) => unknown): unknown;
  emit(name: string, data: unknown): Promise<void>;
}
type EmitteryModule = { readonly default: new () => Emittery };

/** Runs all listeners, in parallel, then rejects with what one threw: that is caught around it. */
export const emittery: Contestant = {
  name: "emittery",
  isolates: true,
  awaits: true,
  wildcards: false,
  async setUp({ kind }, handlers) {
    const { default: Emitter } = await loadPeer<EmitteryModule>("emittery");
    const emitter = new Emitter();
    for (const handler of handlers) emitter.on(EVENT_NAME, handler);
    if (kind !== "throwing") return () => emitter.emit(EVENT_NAME, DATA);
    return () => emitter.emit(EVENT_NAME, DATA).catch(() => undefined);
  },
};

export const emitteryWrapped: Contestant = {
  name: "emittery, hand-wrapped",
  sdk: "own",
  isolates: true,
  awaits: true,
  wildcards: false,
  async setUp(_scenario, handlers) {
    const { default: Emitter } = await loadPeer<EmitteryModule>("emittery");
    const telemetry = new DirectTelemetry();
    const emitter = new Emitter();
    for (const [index, handler] of handlers.entries()) {
      const traced = telemetry.handler(handler, `handler-${index}`);
      emitter.on(EVENT_NAME, ({ data }) => traced(data as HandMadeEvent));
    }
    return () => telemetry.publish((event) => emitter.emit(EVENT_NAME, event), handlers.length);
  },
};
