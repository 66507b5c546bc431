import { expect } from "vitest";
import { type SpanbusAssertions, spanbusMatchers } from "./matchers.ts";

expect.extend(spanbusMatchers);

declare module "vitest" {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends SpanbusAssertions<R> {}
}
