import { INSIDE } from "../bus/inside.ts";
import type { AnyCatalog, DefaultCatalog } from "../catalog/catalog-types.ts";
import { EventBus } from "../event-bus.ts";
import type { Logger } from "../logger.ts";
import type { BusOptions } from "../options.ts";
import { BusObserver } from "./bus-observer.ts";
import { type SettleOptions, settleLimits } from "./settling.ts";
import { countedId } from "./test-event.ts";
import type { ExpectedFailures } from "./test-failures.ts";
import { TestHarness } from "./test-harness.ts";

/** Options of {@link createTestBus}: those of the bus, some with other defaults, and how long to wait. */
export interface TestBusOptions<Events> extends BusOptions<Events> {
  /** @default "test" */
  readonly source?: string;
  /** Makes event ids. @default counted ids, the same in every run */
  readonly generateId?: () => string;
  /** For the jitter of retries. @default 0: retries whose backoff has jitter come without delay */
  readonly random?: () => number;
  /** Gets every line that is recorded too. @default none */
  readonly logger?: Logger;
  /**
   * Whether a caller's random correlation id becomes the id of the trace it starts, as `startTelemetry` has it.
   * @default what the running `startTelemetry` was told, else false
   */
  readonly trustCorrelationId?: boolean;
  /** How long `settled` and `run` wait. */
  readonly settle?: SettleOptions;
  /** Whether handlers may fail: all of them, or those that fit; the same as calling `harness.expectFailures`. @default false */
  readonly expectFailures?: boolean | ExpectedFailures;
}

/**
 * Makes a bus for a test, and the harness that records what happens on it. It traces whether or not an OpenTelemetry SDK
 * is registered; where one is, it gets the bus's spans too.
 *
 * @throws BusError `INVALID_OPTION`
 * @example
 * await using harness = createTestBus({ events });
 * registerBilling(harness.bus);
 * const run = await harness.run(() => harness.bus.publish("order.placed", { orderId: "o-1" }));
 * assertTree(run.trace, "publish order.placed > process order.placed [billing] > publish invoice.created");
 */
export function createTestBus<Events extends AnyCatalog = DefaultCatalog>(
  options: TestBusOptions<Events> = {},
): TestHarness<Events> {
  const { settle, expectFailures = false, logger, trustCorrelationId, ...busOptions } = options;
  const limits = settleLimits("createTestBus: settle", settle);
  const observer = new BusObserver({ logger, trustCorrelationId });
  let ids = 0;
  const defaults = { source: "test", generateId: () => countedId(++ids), random: () => 0 };
  const bus = new EventBus<Events>({
    ...defaults,
    ...busOptions,
    logger: observer.logger,
    [INSIDE]: observer,
  } as BusOptions<Events>);
  const harness = new TestHarness<Events>({ bus, observer, limits });
  if (expectFailures !== false) harness.expectFailures(expectFailures === true ? {} : expectFailures);
  return harness;
}
