import type { Refused } from "../catalog/catalog-types.ts";
import { OptionCheck } from "../check.ts";
import { Attempt } from "../delivery/attempt.ts";
import { FailureReader } from "../delivery/failure.ts";
import { EventRecord } from "../event/event.ts";
import { isSource } from "../event/event-rules.ts";
import { processWarnings } from "../logging.ts";
import type { ErrorDetail } from "../options.ts";
import { recordException } from "../telemetry/record-exception.ts";
import type { Failure } from "../telemetry/telemetry.ts";
import { isThenable } from "../thenable.ts";
import { actionName, announce, checkBus, guard, type PublishingBus } from "./announce.ts";
import { type AnyFunction, type Callable, isContext, readDecorated, wrapDecorated } from "./decorated.ts";

/** Options of `withErrorBoundary()`. */
export interface ErrorBoundaryOptions<Args extends readonly unknown[] = readonly unknown[]> {
  /** Told of each error caught, with the handler's arguments; what it throws is counted, not thrown. @default none */
  readonly onError?: ((error: unknown, ...args: Args) => unknown) | undefined;
  /** Where `action.<name>.failure` is published for each error caught. @default none */
  readonly bus?: PublishingBus | undefined;
  /** The source of what is published on `bus`. @default the bus's source */
  readonly source?: string | undefined;
  /** The action's name. @default the handler's name */
  readonly name?: string | undefined;
  /** How much of an error is written to the span and the bus. @default "full" */
  readonly errors?: ErrorDetail | undefined;
  /** Runs once over each error message and stack before anything writes them. @default none */
  readonly redact?: ((text: string) => string) | undefined;
}

/** What a handler inside a boundary returns: undefined, or a promise of it, where it would throw or reject. */
export type Bounded<Result> = [Result] extends [never]
  ? undefined // always throws
  : Result extends PromiseLike<infer Value>
    ? Promise<Value | undefined>
    : Result | undefined;

/** What `withErrorBoundary(options)` returns: decorates methods, TC39's way or TypeScript's legacy way; takes functions. */
export interface MethodBoundary<Args extends readonly unknown[] = readonly unknown[]> {
  <Params extends readonly [...Args, ...unknown[]], Result, This = unknown>(
    handler: (this: This, ...args: Params) => Result,
    context?: undefined, // no decorator: what it returns has another type
  ): (this: This, ...args: Params) => Bounded<Result>;
  <Fn extends AnyFunction>(method: Forgoing<Fn, Args>, context: ClassMethodDecoratorContext): Fn;
  <Fn extends AnyFunction>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Forgoing<Fn, Args>>,
  ): void;
}

/** `Fn` where it may return undefined (a decorator cannot change its method's type) and takes what `onError` takes. */
type Forgoing<Fn extends AnyFunction, Args extends readonly unknown[] = readonly unknown[]> =
  undefined extends Awaited<ReturnType<Fn>>
    ? Parameters<Fn> extends readonly [...Args, ...unknown[]]
      ? Fn
      : Refused<"the method's parameters do not fit `onError`">
    : Refused<"inside an error boundary a method must allow undefined">;

/**
 * Puts a handler inside an error boundary of its own. Called directly, what it throws or rejects with is recorded on the
 * active span, told to `onError` and `bus` (to neither: written as a process warning), and undefined is returned. Called
 * by a bus, the error is passed on, so that it is recorded and settled once, by the bus.
 *
 * Options may come first, as with the other decorators: `withErrorBoundary({ onError })(handler)`. Also a method decorator,
 * with options or without: `@withErrorBoundary({ onError })`, `@withErrorBoundary`.
 *
 * @throws BusError `INVALID_HANDLER`, `INVALID_OPTION`
 * @example
 * const safe = withErrorBoundary(handler, { onError: (error) => log.error(error) });
 * await safe(event); // undefined where handler fails
 * const safely = withErrorBoundary({ onError: (error) => log.error(error) }); // for many: safely(handler)
 */
export function withErrorBoundary<Fn extends AnyFunction>(
  method: Forgoing<Fn>,
  context: ClassMethodDecoratorContext,
): Fn;
export function withErrorBoundary<Args extends readonly unknown[], Result, This = unknown>(
  handler: (this: This, ...args: Args) => Result,
  options?: ErrorBoundaryOptions<Args>,
): (this: This, ...args: Args) => Bounded<Result>;
export function withErrorBoundary<Args extends readonly unknown[] = readonly unknown[]>(
  options?: ErrorBoundaryOptions<Args>,
): MethodBoundary<Args>;
export function withErrorBoundary<Fn extends AnyFunction>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Forgoing<Fn>>,
): void;
export function withErrorBoundary(...args: unknown[]): unknown {
  const [first, second] = args;
  const isBareDecorator = isContext(second) || typeof second === "string" || typeof second === "symbol";
  const isHandler = isBareDecorator || typeof first === "function";
  const options = checkOptions((isBareDecorator ? undefined : isHandler ? second : first) ?? {});
  const decorate = (target: readonly unknown[]): unknown =>
    wrapDecorated(readDecorated("withErrorBoundary", target), (fn, name) => {
      return inBoundary(fn, { ...options, name: options.name ?? name });
    });
  if (isHandler) return decorate(isBareDecorator ? args : [first]);
  return (...target: unknown[]) => decorate(target);
}

const OPTIONS: readonly string[] = ["onError", "bus", "source", "name", "errors", "redact"];

function checkOptions(options: unknown): ErrorBoundaryOptions {
  const check = new OptionCheck("withErrorBoundary", options, OPTIONS);
  const { bus } = options as ErrorBoundaryOptions;
  if (bus !== undefined) checkBus("withErrorBoundary", bus, "publish");
  check.function("onError");
  check.function("redact");
  check.matching("source", "1 to 255 characters without control characters", isSource);
  check.matching("name", "a non-empty string", (value) => typeof value === "string" && value !== "");
  check.oneOf("errors", ["type", "message", "full"]);
  return options as ErrorBoundaryOptions;
}

type Boundary = ErrorBoundaryOptions & { readonly name: string };

function inBoundary(handler: Callable, boundary: Boundary): Callable {
  const failures = new FailureReader(guard, boundary.errors ?? "full", boundary.redact);
  return function (this: unknown, ...args: unknown[]): unknown {
    const startedAt = performance.now();
    const caught = (error: unknown): undefined => {
      const [event, ctx] = args;
      if (ctx instanceof Attempt && !ctx.isOver) throw error;
      const failure = failures.read(error);
      recordException(failure, guard);
      if (boundary.onError !== undefined) notify(() => boundary.onError?.(failure.error, ...args));
      if (boundary.bus !== undefined) publishFailure(boundary, { failure, event, startedAt });
      if (boundary.onError === undefined && boundary.bus === undefined) warn(boundary.name, failure);
      return undefined;
    };
    try {
      const returned = Reflect.apply(handler, this, args);
      return isThenable(returned) ? Promise.resolve(returned).then(undefined, caught) : returned;
    } catch (error) {
      return caught(error);
    }
  };
}

function notify(tell: () => unknown): void {
  const trip = (error: unknown): void => guard.trip("error_handler", error);
  try {
    const told = tell();
    if (isThenable(told)) Promise.resolve(told).then(undefined, trip);
  } catch (error) {
    trip(error);
  }
}

interface Caught {
  readonly failure: Failure;
  /** The handler's first argument: an event, as a rule. */
  readonly event: unknown;
  readonly startedAt: number;
}

function publishFailure({ bus, source, name }: Boundary, { failure, event, startedAt }: Caught): void {
  const action = actionName(name);
  const { type, message = "" } = failure;
  const durationMs = performance.now() - startedAt;
  void announce(bus as PublishingBus, {
    name: `action.${action}.failure`,
    source,
    correlationId: event instanceof EventRecord ? event.correlationId : undefined,
    data: { action, durationMs, error: { type, message } },
  });
}

function warn(name: string, { type, message }: Failure): void {
  const text = `the error boundary around "${name}" caught an error, and has neither onError nor bus to tell`;
  processWarnings.warn({ error_type: type, error_message: message }, text);
}
