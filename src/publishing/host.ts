import type { BusSettings } from "../bus/bus-settings.ts";
import type { Scope } from "../context.ts";
import type { Cause, DeliveryHost } from "../delivery/host.ts";
import type { BusError } from "../errors.ts";
import type { EventOrigin } from "../event/event.ts";
import type { Routes } from "../routing/routes.ts";
import type { Pacer } from "./pacer.ts";
import type { Schedule } from "./schedule.ts";

/** What publishing needs of its bus, beyond what deliveries need. */
export interface PublisherHost extends DeliveryHost {
  readonly settings: BusSettings;
  readonly routes: Routes;
  /** Where the late values of events come from. */
  readonly eventOrigin: EventOrigin;
  readonly pacer: Pacer;
  readonly schedule: Schedule;
  /** Calls `listener` when the bus is closed; the result takes it back. */
  whenClosed(listener: () => void): () => void;
  /** Why nothing is taken in now; undefined while something is. */
  intakeProblem(scope: Scope | undefined, handler: Cause | undefined): BusError | undefined;
}
