import { LABELS } from "./prometheus-names.ts";
import { equal, type Matcher, matches } from "./promql.ts";

/**
 * What a dashboard looks at, as its variables choose it. A variable of several values is a regular expression, which
 * Grafana escapes; a variable of one value is compared as it is.
 */
export interface Scope {
  /** Of series that know no event: subscriptions, spans, buses. */
  readonly service: readonly Matcher[];
  /** Of series by event. */
  readonly published: readonly Matcher[];
  /** Of series by event and handler. */
  readonly delivered: readonly Matcher[];
}

const ENVIRONMENT = matches(LABELS.environment, "$environment");
const EVENT = matches(LABELS.destination, "$event");

/** Several services, events and handlers. */
export const SEVERAL: Scope = scopeOf(matches(LABELS.service, "$service"), matches(LABELS.subscription, "$handler"));

/** One handler of one service. */
export const ONE_HANDLER: Scope = scopeOf(equal(LABELS.service, "$service"), equal(LABELS.subscription, "$handler"));

function scopeOf(service: Matcher, handler: Matcher): Scope {
  const ofService = [ENVIRONMENT, service];
  return {
    service: ofService,
    published: [...ofService, EVENT],
    delivered: [...ofService, EVENT, handler],
  };
}
