import { markRecorded } from "../delivery/exception-once.ts";
import type { BusError } from "../errors.ts";
import type { EventRecord } from "../event/event.ts";
import { REFUSED_DESTINATION, type Route } from "../routing/routes.ts";
import { countFailedPublish, countRefusal, publishCell } from "../telemetry/cells.ts";
import { LOG_EVENTS } from "../telemetry/semconv.ts";
import type { PublisherHost } from "./host.ts";
import type { Watched } from "./watched.ts";

/** A publish call that is refused. */
export interface Refused {
  readonly cause: EventRecord | undefined;
  readonly watched: Watched | undefined;
  readonly route: Route | undefined;
  readonly correlationId: string | undefined;
}

/** Counts, traces and logs a refusal; only its publisher hears the particulars. */
export function refuse(host: PublisherHost, error: BusError, refused: Refused): Promise<never> {
  const { ledger, telemetry, failures, logger } = host;
  const { watched, route, cause } = refused;
  const span = watched?.span;
  const correlationId = refused.correlationId ?? span?.traceId;
  const failure = failures.read(error);
  ledger.refused[failure.type] = (ledger.refused[failure.type] ?? 0) + 1;
  const cell = route?.cell ?? publishCell(REFUSED_DESTINATION.label);
  countRefusal(cell, failure.type);
  const counted = countFailedPublish(cell, failure.type);
  if (correlationId !== undefined) span?.describeRefusal(correlationId, cause?.id);
  span?.end(failure);
  if (span !== undefined) markRecorded(error, cause?.id);
  if (watched !== undefined) {
    telemetry.recordPublish(counted, (performance.now() - watched.startedAt) / 1000, failure.type);
  }
  const fields = {
    event: LOG_EVENTS.refused,
    ...span?.logFields(),
    reason: failure.type,
    correlation_id: correlationId,
  };
  const named = route === undefined ? fields : { ...fields, event_name: route.name };
  const what = route === undefined ? "" : ` "${route.name}"`;
  logger.warn(named, `refused to publish${what}: ${failure.message ?? failure.type}`);
  return host.pacer.reject(error);
}
