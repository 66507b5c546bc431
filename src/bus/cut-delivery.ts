/** A delivery that stopping cut short. */
export interface CutDelivery {
  /** The id of the event. */
  readonly eventId: string;
  /** The name of the event. */
  readonly eventName: string;
  /** The correlation id of the event. */
  readonly correlationId: string;
  /** The name of the subscription. */
  readonly subscription: string;
}
