import { marksOf } from "../decorators/marks.ts";
import { BusError, describeValue } from "../errors.ts";
import type { Invoke } from "../handler.ts";
import type { SubscribeOptions } from "../options.ts";
import type { Subscription } from "../routing/subscription.ts";

/** The subscriptions of one instance's methods; disposing ends them all. */
export interface Attachment extends Disposable {
  readonly subscriptions: readonly Subscription[];
}

/** Makes one of the subscriptions. */
type Subscribe = (request: { pattern: string; handler: Invoke; options: SubscribeOptions }) => Subscription;

/** Subscribes the methods of `instance`, or static ones of a class, that `@subscribeTo` marked. */
export function attachInstance(instance: object, subscribe: Subscribe): Attachment {
  const isObject = (typeof instance === "object" && instance !== null) || typeof instance === "function";
  const marks = isObject ? marksOf(instance) : [];
  if (marks.length === 0) {
    const text = `cannot attach ${describeValue(instance)}: none of its methods is marked with @subscribeTo`;
    throw new BusError("INVALID_HANDLER", text);
  }
  const owner = typeof instance === "function" ? instance.name : instance.constructor?.name;
  const subscriptions = marks.map(({ pattern, options, read, method }) => {
    const handler: Invoke = (event, ctx) => (read(instance) as Invoke).call(instance, event, ctx);
    return subscribe({ pattern, handler, options: { name: `${owner}.${method}`, ...options } });
  });
  return {
    subscriptions,
    [Symbol.dispose]: () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}
