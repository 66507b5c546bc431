/** What fragments of the README and of docs leave out, by their first lines: declarations, nothing that runs. */
export const SETTINGS: Readonly<Record<string, string>> = {
  "class Billing {": `
    import { type BusEvent, type ContextOf, defineEvents, EventBus } from "spanbus";
    import { publishEvent, subscribeTo, systemEvents, withErrorBoundary } from "spanbus";
    import { z } from "zod";
    type Order = { readonly orderId: string };
    const events = defineEvents({
      ...systemEvents,
      "order.placed": { schema: z.object({ orderId: z.string() }) },
    });
    const bus = new EventBus({ source: "shop", events });
    declare const report: (error: unknown) => void;`,

  "const events = defineEvents({": `
    import { defineEvents } from "spanbus";`,
};
