/** A request that is answered with an error: its status, a stable reason, and a sentence for the sender. */
export class Rejection extends Error {
  override readonly name = "Rejection";
  readonly statusCode: number;
  /** In lower snake case: `wrong_signature`. */
  readonly reason: string;

  constructor(statusCode: number, reason: string, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.reason = reason;
  }
}
