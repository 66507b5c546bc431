import { loadSpanbus } from "../../measure/built-package.ts";
import { silentLogger } from "../../measure/silent-logger.ts";
import { count, type Figure } from "../figure.ts";
import { leftBehind } from "../heap.ts";

/** Half of what the queue holds: nothing is refused room, and nearly everything waits. */
const AT_ONCE = 500;

/** Deliveries that wait for their turn: one handler at a time, in order of a key. */
export const lane: Figure = {
  size: 1_000_000,
  title: (size) => `${count(size)} deliveries through a queue, \`concurrency: 1\`, ordered by 1,000 keys`,
  measure: async (size) => {
    const { EventBus } = await loadSpanbus();
    const bus = new EventBus({ source: "soak", logger: silentLogger });
    let isBusy = false;
    let overlaps = 0;
    const handler = async (): Promise<void> => {
      if (isBusy) overlaps++;
      isBusy = true;
      await undefined;
      isBusy = false;
    };
    const key = (event: { readonly data: unknown }): unknown => `account-${Number(event.data) % 1000}`;
    bus.subscribe("order.placed", handler, { name: "billing", concurrency: 1, orderBy: key });

    const readings = await leftBehind(async (deliveries) => {
      for (let i = 0; i < deliveries; i += AT_ONCE) {
        const results = Array.from({ length: AT_ONCE }, (_, j) => bus.publish("order.placed", i + j));
        await Promise.all(results);
      }
    }, size);

    const { matched, handled, queued, running } = bus.stats();
    return [
      ...readings,
      { what: "deliveries handled", measured: handled, unit: "", limit: { exactly: matched } },
      { what: "handlers that overlapped", measured: overlaps, unit: "", limit: { exactly: 0 } },
      { what: "in flight", measured: queued + running, unit: "", limit: { exactly: 0 } },
    ];
  },
};
