export {
  connectTransport,
  type LinkableBus,
  type TransportLink,
} from "./link/connect-transport.ts";
export type { LinkOptions } from "./link/options.ts";
export type {
  Envelope,
  Settlement,
  Transport,
  TransportCapabilities,
  TransportDelivery,
  TransportPublishOptions,
  TransportSubscribeRequest,
  TransportSubscription,
} from "./transport.ts";
