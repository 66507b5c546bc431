import type { Guard } from "../telemetry/guard.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { BusCore } from "./bus-core.ts";
import type { BusSettings } from "./bus-settings.ts";

/** How the testing kit takes part in a bus it makes. No part of the public API. */
export interface BusInside {
  /** Makes the telemetry plug, in place of the default one. */
  telemetry(guard: Guard, settings: BusSettings): Telemetry;
  /** Hears of the bus when it is ready. */
  attach(core: BusCore): void;
}

/** The option that carries a {@link BusInside}: a symbol, which no option check lists and no user writes by accident. */
export const INSIDE: unique symbol = Symbol("spanbus.inside");

/** What the testing kit put into the options of a bus. */
export function insideOf(options: object): BusInside | undefined {
  return (options as { readonly [INSIDE]?: BusInside })[INSIDE];
}
