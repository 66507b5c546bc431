import { EventEmitter } from "node:events";
import type { Contestant } from "../contestant.ts";
import { DATA, EVENT_NAME } from "../scenario.ts";
import { DirectTelemetry, type HandMadeEvent } from "./direct.ts";

/** Node's own emitter. A throw ends the emit: it is caught around it, and the handlers after it do not run. */
export const nodeEmitter: Contestant = {
  name: "EventEmitter",
  isolates: false,
  awaits: false,
  wildcards: false,
  async setUp({ kind }, handlers) {
    const emitter = new EventEmitter().setMaxListeners(0);
    for (const handler of handlers) emitter.on(EVENT_NAME, handler);
    if (kind !== "throwing") return () => void emitter.emit(EVENT_NAME, DATA);
    return () => {
      try {
        emitter.emit(EVENT_NAME, DATA);
      } catch {
        // what the emitter's user has to do himself
      }
    };
  },
};

/** Node's emitter inside hand-written telemetry: its listeners' promises are gathered, or nobody would await them. */
export const nodeEmitterWrapped: Contestant = {
  name: "EventEmitter, hand-wrapped",
  sdk: "own",
  isolates: true,
  awaits: true,
  wildcards: false,
  async setUp(_scenario, handlers) {
    const telemetry = new DirectTelemetry();
    const emitter = new EventEmitter().setMaxListeners(0);
    for (const [index, handler] of handlers.entries()) {
      const traced = telemetry.handler(handler, `handler-${index}`);
      emitter.on(EVENT_NAME, (event: HandMadeEvent, running: Promise<void>[]) => running.push(traced(event)));
    }
    const emit = (event: HandMadeEvent): unknown => {
      const running: Promise<void>[] = [];
      emitter.emit(EVENT_NAME, event, running);
      return Promise.all(running);
    };
    return () => telemetry.publish(emit, handlers.length);
  },
};
