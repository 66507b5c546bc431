import type {
  Envelope,
  Settlement,
  Transport,
  TransportCapabilities,
  TransportDelivery,
  TransportPublishOptions,
  TransportReport,
  TransportSubscribeRequest,
  TransportSubscription,
  UnsettledEnvelope,
} from "../../../src/transports/transport.ts";

type OnEnvelope = TransportSubscribeRequest["onEnvelope"];

/** What is different about a transport; what is left out is as it was. */
export interface Alteration {
  readonly capabilities?: Partial<TransportCapabilities>;
  readonly publish?: (
    inner: Transport,
    envelopes: readonly Envelope[],
    options?: TransportPublishOptions,
  ) => Promise<void>;
  readonly subscribe?: (inner: Transport, request: TransportSubscribeRequest) => Promise<TransportSubscription>;
  readonly unsettled?: (inner: Transport) => readonly UnsettledEnvelope[];
  readonly close?: (inner: Transport) => Promise<TransportReport>;
}

/** A transport that does one thing otherwise than `inner`. */
export function altered(inner: Transport, alteration: Alteration): Transport {
  const { publish, subscribe, unsettled, close } = alteration;
  const closeIt = close === undefined ? () => inner.close() : () => close(inner);
  return {
    capabilities: { ...inner.capabilities, ...alteration.capabilities },
    publish: async (envelopes, options) =>
      publish === undefined ? inner.publish(envelopes, options) : publish(inner, envelopes, options),
    subscribe: async (request) => (subscribe === undefined ? inner.subscribe(request) : subscribe(inner, request)),
    unsettled: () => (unsettled === undefined ? inner.unsettled() : unsettled(inner)),
    close: closeIt,
    [Symbol.asyncDispose]: async () => void (await closeIt()),
  };
}

/** Puts a handler of another kind in the place of the subscriber's. */
export function handledBy(around: (onEnvelope: OnEnvelope) => OnEnvelope): Alteration {
  return {
    subscribe: (inner, request) => inner.subscribe({ ...request, onEnvelope: around(request.onEnvelope) }),
  };
}

/** Shows the subscriber another envelope than the one that came. */
export function showing(change: (envelope: Envelope, delivery: TransportDelivery) => Envelope): Alteration {
  return handledBy((onEnvelope) => (delivery) => {
    const { attempt, signal } = delivery;
    return onEnvelope({ envelope: change(delivery.envelope, delivery), attempt, signal });
  });
}

/** Understands the subscriber's settlement as another one; a throw of the subscriber's stays one. */
export function understanding(change: (settlement: Settlement, delivery: TransportDelivery) => Settlement): Alteration {
  return handledBy((onEnvelope) => async (delivery) => change(await onEnvelope(delivery), delivery));
}
