export { connectTransport, type TransportLink } from "./link/connect-transport.ts";
export type { LinkableBus } from "./link/link.ts";
export type { LinkReport } from "./link/link-report.ts";
export type { LinkOptions } from "./link/options.ts";
export type {
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
} from "./transport.ts";
