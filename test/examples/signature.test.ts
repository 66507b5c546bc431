import { describe, expect, it } from "vitest";
import { isSignature, isSignedWith, sign } from "../../examples/webhook-hub/http/signature.ts";

describe("a webhook's signature", () => {
  it("is the one GitHub documents for its example", () => {
    const signature = sign("It's a Secret to Everybody", "Hello, World!");

    expect(signature).toBe("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
  });

  it("fits the bytes it was made over, in either case of its digits", () => {
    const body = Buffer.from('{"text":"grüße"}');
    const signature = sign("secret", body);

    expect(isSignedWith("secret", body, signature)).toBe(true);
    expect(isSignedWith("secret", body, signature.toUpperCase())).toBe(true);
  });

  it("fits no other body and no other secret", () => {
    const body = Buffer.from("{}");

    expect(isSignedWith("secret", Buffer.from("{} "), sign("secret", body))).toBe(false);
    expect(isSignedWith("secret", body, sign("Secret", body))).toBe(false);
  });

  it("has one form only", () => {
    const digits = "a".repeat(64);
    const others = [
      undefined,
      "",
      digits,
      `sha1=${"a".repeat(40)}`,
      `sha256=${digits}0`,
      `sha256=${digits}, sha256=${digits}`,
    ];

    expect(isSignature(`sha256=${digits}`)).toBe(true);
    expect(others.filter(isSignature)).toEqual([]);
  });
});
