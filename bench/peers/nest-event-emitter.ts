import type { Contestant, Handler } from "../contestant.ts";
import { DirectTelemetry, type HandMadeEvent } from "../contestants/direct.ts";
import { DATA, EVENT_NAME, patternOf, type Scenario } from "../scenario.ts";
import { loadPeer } from "./load.ts";
import { type Class, startNest } from "./nest-module.ts";

interface Emitter {
  emitAsync(name: string, data: unknown): Promise<unknown>;
}
interface NestEventEmitter {
  readonly EventEmitter2: Class<Emitter>;
  readonly EventEmitterModule: {
    forRoot(options: { readonly wildcard: boolean; readonly maxListeners: number }): unknown;
  };
  OnEvent(name: string): (target: object, key: string, descriptor: PropertyDescriptor) => void;
}

/** `emitAsync`, with listeners that are methods of providers; Nest catches and logs what they throw. */
export const nestEventEmitter: Contestant = {
  name: "@nestjs/event-emitter",
  isolates: true,
  awaits: true,
  wildcards: true,
  async setUp(scenario, handlers) {
    const emitter = await makeEmitter(scenario, handlers);
    return () => emitter.emitAsync(EVENT_NAME, DATA);
  },
};

export const nestEventEmitterWrapped: Contestant = {
  name: "@nestjs/event-emitter, hand-wrapped",
  sdk: "own",
  isolates: true,
  awaits: true,
  wildcards: true,
  async setUp(scenario, handlers) {
    const telemetry = new DirectTelemetry();
    const traced = handlers.map((handler, index) => telemetry.handler(handler, `handler-${index}`));
    const listeners = traced.map(
      (handler): Handler =>
        (event) =>
          handler(event as HandMadeEvent),
    );
    const emitter = await makeEmitter(scenario, listeners);
    return () => telemetry.publish((event) => emitter.emitAsync(EVENT_NAME, event), handlers.length);
  },
};

async function makeEmitter(scenario: Scenario, handlers: readonly Handler[]): Promise<Emitter> {
  await loadPeer("reflect-metadata");
  const { EventEmitter2, EventEmitterModule, OnEvent } = await loadPeer<NestEventEmitter>("@nestjs/event-emitter");
  const listeners = handlers.map((handler): Class => {
    class Listener {
      on(data: unknown): unknown {
        return handler(data);
      }
    }
    const method = Object.getOwnPropertyDescriptor(Listener.prototype, "on") ?? {};
    OnEvent(patternOf(scenario))(Listener.prototype, "on", method);
    return Listener;
  });
  const options = { wildcard: scenario.subscribed === "wildcard", maxListeners: 0 };
  const context = await startNest([EventEmitterModule.forRoot(options)], listeners);
  return context.get(EventEmitter2);
}
