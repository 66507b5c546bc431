import type { Contestant, Handler } from "../contestant.ts";
import { DirectTelemetry, type HandMadeEvent } from "../contestants/direct.ts";
import { DATA } from "../scenario.ts";
import { loadPeer } from "./load.ts";
import { type Class, startNest } from "./nest-module.ts";

interface CqrsBus {
  publish(event: object): unknown;
}
interface Cqrs {
  readonly CqrsModule: { forRoot(): unknown };
  readonly EventBus: Class<CqrsBus>;
  EventsHandler(event: Class): (target: Class) => void;
}

class OrderPlaced {
  readonly data: unknown;

  constructor(data: unknown) {
    this.data = data;
  }
}

/** `EventBus.publish`, which waits for nobody; what handlers throw is logged. */
export const cqrs: Contestant = {
  name: "@nestjs/cqrs",
  isolates: true,
  awaits: false,
  wildcards: false,
  async setUp(_scenario, handlers) {
    const bus = await makeBus(handlers);
    return () => void bus.publish(new OrderPlaced(DATA));
  },
};

/** Inside hand-written telemetry: handlers' promises are gathered in the event, or nobody could await them. */
export const cqrsWrapped: Contestant = {
  name: "@nestjs/cqrs, hand-wrapped",
  sdk: "own",
  isolates: true,
  awaits: true,
  wildcards: false,
  async setUp(_scenario, handlers) {
    const telemetry = new DirectTelemetry();
    const traced = handlers.map((handler, index): Handler => {
      const run = telemetry.handler(handler, `handler-${index}`);
      return (published) => {
        const { event, running } = (published as OrderPlaced).data as Gathering;
        const done = run(event);
        running.push(done);
        return done;
      };
    });
    const bus = await makeBus(traced);
    const emit = (event: HandMadeEvent): unknown => {
      const gathering: Gathering = { event, running: [] };
      bus.publish(new OrderPlaced(gathering));
      return Promise.all(gathering.running);
    };
    return () => telemetry.publish(emit, handlers.length);
  },
};

interface Gathering {
  readonly event: HandMadeEvent;
  readonly running: Promise<void>[];
}

async function makeBus(handlers: readonly Handler[]): Promise<CqrsBus> {
  await loadPeer("reflect-metadata");
  const { CqrsModule, EventBus, EventsHandler } = await loadPeer<Cqrs>("@nestjs/cqrs");
  const providers = handlers.map((handler): Class => {
    class OrderPlacedHandler {
      handle(event: OrderPlaced): unknown {
        return handler(event);
      }
    }
    EventsHandler(OrderPlaced)(OrderPlacedHandler);
    return OrderPlacedHandler;
  });
  const context = await startNest([CqrsModule.forRoot()], providers);
  return context.get(EventBus);
}
