import type {
  AnyCatalog,
  ContextOf,
  DefaultCatalog,
  EventsMatching,
  HandlerOf,
  PatternOf,
  ValidPattern,
} from "../catalog/catalog-types.ts";
import { BusError } from "../errors.ts";
import type { EventBus } from "../event-bus.ts";
import type { HandlerContext, Invoke } from "../handler.ts";
import type { SubscribeOptions } from "../options.ts";
import { parsePattern } from "../routing/pattern.ts";
import { subscribeSettings } from "../routing/subscribe-settings.ts";
import type { Subscription } from "../routing/subscription.ts";
import { checkBus } from "./announce.ts";
import { type AnyFunction, type Decorated, readDecorated } from "./decorated.ts";
import { addMark } from "./marks.ts";

/** Options of `subscribeTo()` with a bus. */
export interface SubscribeToOptions<Events extends AnyCatalog = DefaultCatalog, Pattern extends string = string>
  extends SubscribeOptions<EventsMatching<Events, Pattern>> {
  /** Subscribes at once, here, instead of leaving it to `bus.attach`. */
  readonly bus: EventBus<Events>;
}

/** What `subscribeTo(pattern)` returns: a decorator of methods, TC39's or TypeScript's legacy ones. */
export interface MethodSubscriber<Handler extends AnyFunction> {
  <Method extends Handler>(method: Method, context: ClassMethodDecoratorContext): void;
  <Method extends Handler>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<Method>): void;
}

/** What `subscribeTo(pattern, { bus })` returns: takes functions too, and returns them. */
export interface HandlerSubscriber<Handler extends AnyFunction, Method extends AnyFunction>
  extends MethodSubscriber<Method> {
  <Fn extends Handler>(handler: Fn): Fn;
}

/** `subscribeTo` that knows a catalog: what `subscribeTo<typeof events>()` returns. */
export type SubscribeTo<Events extends AnyCatalog> = <const Pattern extends PatternOf<Events>>(
  pattern: ValidPattern<Events, Pattern>,
  options?: SubscribeOptions<EventsMatching<Events, Pattern>>,
) => MethodSubscriber<MethodOf<Events, Pattern>>;

/** A method annotates its parameters, so `ctx` may be the plain context or that of the catalog. */
type MethodOf<Events, Pattern extends string> = string extends keyof Events
  ? HandlerOf<Events, Pattern>
  : (event: EventsMatching<Events, Pattern>, ctx: HandlerContext & ContextOf<Events>) => unknown;

/**
 * Subscribes a method, or a function, to `pattern`.
 *
 * On a method it marks: `bus.attach(instance)` subscribes it, on as many buses as you like. What is called is what the
 * instance has under that name, so overrides and other decorators count. `subscribeTo<typeof events>()` returns a
 * decorator that checks methods against a catalog.
 *
 * With `bus` it subscribes at once and for good, until `signal` aborts or `bus.unsubscribe(pattern, handler)`: a function,
 * which is returned as it is; a static method; under TC39 decorators each instance when it is constructed, so keep that for
 * objects that live as long as their bus.
 *
 * @throws BusError `INVALID_PATTERN`, `INVALID_OPTION`, `INVALID_HANDLER`; with `bus` also what `bus.subscribe` throws
 * @example
 * class Billing {
 *   @subscribeTo("order.placed", { timeoutMs: 5_000 })
 *   async charge(event: BusEvent<"order.placed", Order>, ctx: ContextOf<typeof events>): Promise<void> {}
 * }
 * bus.attach(new Billing());
 * const audit = subscribeTo("*", { bus, name: "audit" })((event) => console.log(event));
 */
export function subscribeTo<Events extends AnyCatalog>(): SubscribeTo<Events>;
export function subscribeTo<Events extends AnyCatalog, const Pattern extends PatternOf<Events>>(
  pattern: ValidPattern<Events, Pattern>,
  options: SubscribeToOptions<Events, Pattern>,
): HandlerSubscriber<HandlerOf<Events, Pattern>, MethodOf<Events, Pattern>>;
export function subscribeTo<const Pattern extends string>(
  pattern: Pattern,
  options?: SubscribeOptions,
): MethodSubscriber<HandlerOf<DefaultCatalog, Pattern>>;
export function subscribeTo(...args: [pattern?: string, options?: Partial<SubscribeToOptions>]): unknown {
  if (args.length === 0) return subscribeTo;
  const [pattern, { bus, ...options } = {}] = args;
  const { text } = parsePattern(pattern);
  subscribeSettings(options, text);
  if (args[1] !== undefined && "bus" in args[1]) checkBus("subscribeTo", bus, "subscribe");
  return (...target: unknown[]): unknown => {
    const decorated = readDecorated("subscribeTo", target);
    const order: Order = { pattern: text, options, bus };
    if (decorated.form === "function") return subscribeFunction(order, decorated.fn);
    if (decorated.form === "standard") markStandard(order, decorated);
    else markLegacy(order, decorated);
    return undefined;
  };
}

/** What is to be subscribed, and where. */
interface Order {
  readonly pattern: string;
  readonly options: SubscribeOptions;
  readonly bus: EventBus | undefined;
}

function subscribeFunction({ pattern, options, bus }: Order, handler: Invoke): Invoke {
  if (bus === undefined) {
    const remedy = "give the option bus, or decorate a method and call bus.attach(instance)";
    throw new BusError("INVALID_OPTION", `cannot subscribe the function "${handler.name}" to "${pattern}": ${remedy}`);
  }
  bus.subscribe(pattern, handler, options);
  return handler;
}

function markStandard(order: Order, { context, name: method }: Decorated & { form: "standard" }): void {
  const { pattern, options, bus } = order;
  const read = (owner: object): unknown => context.access.get(owner);
  if (context.static && bus === undefined) throw unattachable(order, method);
  context.addInitializer(function (this: object) {
    if (bus === undefined) addMark(this, { pattern, options, read, method });
    else if (context.private) subscribeMethod({ ...order, bus }, { owner: this, method, read });
    else replaceSubscription({ ...order, bus }, { owner: this, method, read });
  });
}

function markLegacy(order: Order, { target, key, name: method }: Decorated & { form: "legacy" }): void {
  const { pattern, options, bus } = order;
  const read = (owner: object): unknown => (owner as Record<string | symbol, unknown>)[key];
  const isStatic = typeof target === "function";
  if (isStatic && bus === undefined) throw unattachable(order, method);
  if (bus === undefined) addMark(target, { pattern, options, read, method });
  else if (isStatic) subscribeMethod({ ...order, bus }, { owner: target, method, read });
  else {
    const reason = "legacy decorators do not see instances being made; leave bus out and call bus.attach(instance)";
    throw new BusError("INVALID_OPTION", `cannot subscribe the method "${method}" to "${pattern}": ${reason}`);
  }
}

function unattachable({ pattern }: Order, method: string): BusError {
  const text = `cannot subscribe the static method "${method}" to "${pattern}": it has no instance to attach`;
  return new BusError("INVALID_OPTION", `${text}; give the option bus`);
}

type BoundOrder = Order & { readonly bus: EventBus };

/** A method and the object it is read from, late: that is what makes overrides and outer decorators count. */
interface Method {
  readonly owner: object;
  readonly method: string;
  readonly read: (owner: object) => unknown;
}

function subscribeMethod({ pattern, options, bus }: BoundOrder, { owner, method, read }: Method): Subscription {
  const handler: Invoke = (event, ctx) => (read(owner) as Invoke).call(owner, event, ctx);
  const className = typeof owner === "function" ? owner.name : owner.constructor.name;
  return bus.subscribe(pattern, handler, { name: `${className}.${method}`, ...options });
}

const made = new WeakMap<object, { bus: object; pattern: string; method: string; subscription: Subscription }[]>();

/** An override that is decorated again takes the place of what it overrides: its options count. */
function replaceSubscription(order: BoundOrder, each: Method): void {
  const { bus, pattern } = order;
  const { owner, method } = each;
  const known = made.get(owner) ?? [];
  const others = known.filter((one) => one.bus !== bus || one.pattern !== pattern || one.method !== method);
  for (const one of known) if (!others.includes(one)) one.subscription.unsubscribe();
  made.set(owner, [...others, { bus, pattern, method, subscription: subscribeMethod(order, each) }]);
}
