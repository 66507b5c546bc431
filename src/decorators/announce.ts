import { BusError, describeValue } from "../errors.ts";
import type { EventInit } from "../event/event-init.ts";
import type { UntypedPublish } from "../handler.ts";
import { processWarnings } from "../logging.ts";
import { Guard } from "../telemetry/guard.ts";

/** Any bus, whatever its catalog: what decorators publish on. */
export interface PublishingBus {
  readonly publish: (...args: never) => Promise<unknown>;
}

/** The firewall of functions that belong to no bus. */
export const guard: Guard = new Guard(processWarnings);

/** Publishes beside a function's own work: nobody waits for it, and nothing that goes wrong with it gets out. */
export async function announce(bus: PublishingBus, event: EventInit): Promise<void> {
  try {
    await (bus.publish as UntypedPublish)(event, { wait: "accepted" });
  } catch {
    // refused: the bus has logged and counted it, and the function it goes with is not to notice
  }
}

/** @throws BusError `INVALID_OPTION` unless `bus` has the method that the decorator calls */
export function checkBus(decorator: string, bus: unknown, method: "publish" | "subscribe"): void {
  if (typeof (bus as Record<string, unknown> | undefined | null)?.[method] === "function") return;
  throw new BusError("INVALID_OPTION", `${decorator}: bus must be an EventBus, got ${describeValue(bus)}`);
}

/** A function's name as one token of an event name: `#charge` becomes `charge`. */
export function actionName(name: string): string {
  const words = name.replace(/^bound /, "").replaceAll(/[^A-Za-z0-9_-]+/g, " ");
  return words.trim().replaceAll(" ", "_").slice(0, 64) || "anonymous";
}
