import type {
  AnyCatalog,
  DefaultCatalog,
  InputOf,
  Refused,
  ValidPattern,
  ValidSubject,
} from "../catalog/catalog-types.ts";
import { OptionCheck } from "../check.ts";
import { BusError, describeValue } from "../errors.ts";
import { isSource } from "../event/event-rules.ts";
import { nameProblem } from "../event/names.ts";
import type { EventBus } from "../event-bus.ts";
import { type Action, callAction } from "./action-call.ts";
import { actionName, announce, checkBus } from "./announce.ts";
import { type AnyFunction, type Callable, readDecorated, wrapDecorated } from "./decorated.ts";

/** Options of `publishEvent()`. */
export type PublishEventOptions<
  Events extends AnyCatalog = DefaultCatalog,
  Name extends string = string,
  Args extends readonly unknown[] = readonly unknown[],
> = {
  /** Where the events are published. */
  readonly bus: EventBus<Events>;
  /** The source of what is published. @default the bus's source */
  readonly source?: string | undefined;
  /** The action's name; what cannot stand in an event name becomes `_`. @default the function's name */
  readonly name?: string | undefined;
} & (DefaultData extends DataFor<Events, Name>
  ? {
      /** Makes the event's data of the call's arguments; `action.{name}` adds its own fields. @default { action: name } */
      readonly data?: ((...args: Args) => DataFor<Events, Name>) | undefined;
    }
  : {
      /** Makes the event's data of the call's arguments. */
      readonly data: (...args: Args) => DataFor<Events, Name>;
    });

/** What `publishEvent(…)` returns: wraps a function; decorates methods, TC39's way or TypeScript's legacy way. */
export interface FunctionDecorator<Args extends readonly unknown[] = readonly unknown[]> {
  <Fn extends AnyFunction>(fn: Taking<Fn, Args>, context?: ClassMethodDecoratorContext): Fn;
  <Fn extends AnyFunction>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Taking<Fn, Args>>,
  ): void;
}

/** `Fn` where its arguments can be given to `data`. */
type Taking<Fn extends AnyFunction, Args extends readonly unknown[]> =
  Parameters<Fn> extends readonly [...Args, ...unknown[]] ? Fn : Refused<"the function's parameters do not fit `data`">;

type DefaultData = { readonly action: string };

type ActionTemplate = "action.{name}";

type DataFor<Events, Name extends string> = Name extends ActionTemplate
  ? Readonly<Record<string, unknown>>
  : InputOf<Events, Name>;

/** `Name` where the catalog has the event, or the three of an action. */
type PublishedName<Events, Name extends string> = Name extends ActionTemplate
  ? ValidPattern<Events, "action.*.start"> extends "action.*.start"
    ? Name
    : Refused<'no event in the catalog matches "action.*.start"'>
  : ValidSubject<Events, Name>;

/**
 * Publishes events around a function's calls. A plain name is published before each call. `action.{name}` publishes
 * `action.<name>.start`, then `action.<name>.success` with `durationMs`, or `action.<name>.failure` with `durationMs` and
 * `error { type, message }`, all with one correlation id: that of the event being handled, else the active trace's, else a
 * new UUID. Arguments stay out of the events unless `data` puts them in.
 *
 * The function behaves as without: `this`, arguments, result, error, name and length. A synchronous one stays synchronous.
 * Nobody waits for the publishes, and one that is refused, or whose `data` throws, is logged and counted by the bus. A
 * promise counts as the call until it settles; other thenables count as returned values, since looking at the outcome of
 * a lazy one (a query builder) would run it.
 *
 * @throws BusError `INVALID_NAME`, `INVALID_OPTION`; `INVALID_HANDLER` when it is on no function
 * @example
 * const charge = publishEvent("action.{name}", { bus })(async function charge(order: Order) {});
 * class Shop {
 *   @publishEvent("order.placed", { bus, data: (order: Order) => ({ orderId: order.id }) })
 *   place(order: Order): void {}
 * }
 */
export function publishEvent<
  Events extends AnyCatalog,
  const Name extends string,
  Args extends readonly unknown[] = readonly unknown[],
>(name: PublishedName<Events, Name>, options: PublishEventOptions<Events, Name, Args>): FunctionDecorator<Args>;
export function publishEvent(eventName: unknown, options: unknown): unknown {
  const isAction = eventName === ACTION;
  const problem = isAction ? undefined : nameProblem(eventName);
  if (problem !== undefined) {
    const remedy = `publishEvent takes a name, or "${ACTION}"`;
    throw new BusError("INVALID_NAME", `cannot publish ${describeValue(eventName)}: ${problem}; ${remedy}`);
  }
  const { bus, source, name, data } = checkOptions(options);
  return (...target: unknown[]): unknown =>
    wrapDecorated(readDecorated("publishEvent", target), (fn, fnName) => {
      const action: Action = { bus, source, data, name: actionName(name ?? fnName) };
      return isAction ? aroundCalls(action, fn) : beforeCalls(action, fn, eventName as string);
    });
}

const ACTION: ActionTemplate = "action.{name}";

type Settings = Pick<Action, "bus" | "source" | "data"> & { readonly name: string | undefined };

function checkOptions(options: unknown): Settings {
  const check = new OptionCheck("publishEvent", options, ["bus", "source", "name", "data"]);
  const settings = options as Settings | undefined;
  checkBus("publishEvent", settings?.bus, "publish");
  check.matching("source", "1 to 255 characters without control characters", isSource);
  check.matching("name", "a non-empty string", (value) => typeof value === "string" && value !== "");
  check.function("data");
  return settings as Settings;
}

function aroundCalls(action: Action, fn: Callable): Callable {
  return function (this: unknown, ...args: unknown[]): unknown {
    return callAction(action, fn, { self: this, args });
  };
}

function beforeCalls({ bus, source, data, name }: Action, fn: Callable, eventName: string): Callable {
  return function (this: unknown, ...args: unknown[]): unknown {
    void announce(bus, {
      name: eventName,
      source,
      get data() {
        return data === undefined ? { action: name } : data(...args); // read by the bus, which refuses what throws
      },
    });
    return Reflect.apply(fn, this, args);
  };
}
