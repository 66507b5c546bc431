/** A delivery that stopping cut short. */
export interface CutDelivery {
  readonly eventId: string;
  readonly eventName: string;
  readonly correlationId: string;
  /** The name of the subscription. */
  readonly subscription: string;
}
