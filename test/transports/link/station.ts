import type { AnyCatalog, DefaultCatalog } from "../../../src/catalog/catalog-types.ts";
import type { BusEvent } from "../../../src/event/event.ts";
import type { EventBus } from "../../../src/event-bus.ts";
import type { BusOptions } from "../../../src/options.ts";
import { type RecordingHandler, recordingHandler } from "../../../src/testing/recording-handler.ts";
import { connectTransport, type LinkOptions, type TransportLink } from "../../../src/transports/index.ts";
import type { Transport } from "../../../src/transports/transport.ts";
import { createBus } from "../../support/test-bus.ts";

/** A bus on a transport, with a subscription to everything that remembers its calls. */
export interface Station<Events extends AnyCatalog = DefaultCatalog> extends AsyncDisposable {
  readonly bus: EventBus<Events>;
  readonly link: TransportLink;
  readonly seen: RecordingHandler;
}

export async function station<Events extends AnyCatalog = DefaultCatalog>(
  source: string,
  transport: Transport,
  options: LinkOptions & { readonly bus?: BusOptions<Events> },
): Promise<Station<Events>> {
  const { bus: busOptions, ...linkOptions } = options;
  const { bus } = createBus<Events>({ source, ...busOptions });
  const seen = recordingHandler();
  bus.subscribe("*" as never, seen as never, { name: "seen" });
  const link = await connectTransport(bus, transport, linkOptions);
  return {
    bus,
    link,
    seen,
    [Symbol.asyncDispose]: async () => {
      await link.close();
      await bus.close();
    },
  };
}

export function namesOf({ events }: { readonly events: readonly BusEvent[] }): string[] {
  return events.map((event) => event.name);
}

/** Resolves when `condition` holds, which is looked at every few milliseconds. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const endsAt = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > endsAt) throw new Error(`${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
