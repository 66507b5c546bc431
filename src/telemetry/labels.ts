import type { Attributes } from "@opentelemetry/api";
import { ATTRIBUTES, SYSTEM_NAME } from "./semconv.ts";

/** The label of every metric. */
export function systemLabels(): Attributes {
  return { [ATTRIBUTES.system.name]: SYSTEM_NAME };
}

/** The labels every metric of a destination has. */
export function publishLabels(destination: string): Attributes {
  return { ...systemLabels(), [ATTRIBUTES.destination.name]: destination };
}

/** The labels every metric of a destination and subscription has. */
export function deliveryLabels(destination: string, subscription: string): Attributes {
  return { ...publishLabels(destination), [ATTRIBUTES.subscription.name]: subscription };
}

/** The labels of the durations of publishing. */
export function publishDurationLabels(destination: string): Attributes {
  const operation = { [ATTRIBUTES.operationName.name]: "publish", [ATTRIBUTES.operationType.name]: "send" };
  return { ...publishLabels(destination), ...operation };
}

/** The labels of the durations of attempts. */
export function processDurationLabels(destination: string, subscription: string): Attributes {
  return { ...deliveryLabels(destination, subscription), [ATTRIBUTES.operationName.name]: "process" };
}
