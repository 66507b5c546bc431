import { createHmac, timingSafeEqual } from "node:crypto";

/** The value of `X-Hub-Signature-256` for a body: HMAC SHA-256 over its bytes as they travel. */
export function sign(secret: string, body: string | Uint8Array): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

/** Whether a header has the form of a signature; says nothing about its being right. */
export function isSignature(header: unknown): header is string {
  return typeof header === "string" && /^sha256=[0-9a-f]{64}$/i.test(header);
}

/** Whether the body was signed with the secret. Takes the same time however much of the signature is right. */
export function isSignedWith(secret: string, body: Uint8Array, signature: string): boolean {
  return timingSafeEqual(Buffer.from(sign(secret, body)), Buffer.from(signature.toLowerCase()));
}
