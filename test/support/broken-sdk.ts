import {
  type ContextManager,
  type Counter,
  context,
  type Histogram,
  type LoggerProvider,
  logs,
  type Meter,
  type MeterProvider,
  metrics,
  propagation,
  type Span,
  type TextMapPropagator,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { LoggerProvider as SdkLoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider as SdkMeterProvider } from "@opentelemetry/sdk-metrics";
import {
  AlwaysOnSampler,
  type IdGenerator,
  NoopSpanProcessor,
  RandomIdGenerator,
  type Sampler,
  TracerProvider as SdkTracerProvider,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace";
import { createRecordingLogger, type RecordingLogger } from "./recording-logger.ts";

/**
 * What a sabotaged method does.
 *
 * - `throws` an error, `throws undefined`, `throws a hostile value` (a Proxy that throws when touched), all without
 *   doing its work; `throws sometimes`: every second call of a method throws, the others work
 * - `throws afterwards`: does its work, calls its callback, then throws
 * - `returns undefined`, `returns null`, `returns NaN`, without doing its work
 * - `loses the result`: does its work, calls its callback, returns undefined
 */
export type Misbehaviour = (typeof THROWING)[number] | (typeof GARBAGE)[number];

const THROWING = [
  "throws",
  "throws sometimes",
  "throws afterwards",
  "throws undefined",
  "throws a hostile value",
] as const;
const GARBAGE = ["returns undefined", "returns null", "returns NaN", "loses the result"] as const;

/** What a sabotaged method throws, unless it throws something worse. */
export class SabotageError extends Error {
  override get name(): string {
    return "SabotageError";
  }
}

/** Decides how the methods of one part misbehave, counts it, and stops it. */
export class Saboteur {
  readonly how: Misbehaviour;
  readonly #calls = new Map<string, number>();
  #armed = true;
  #trips = 0;

  constructor(how: Misbehaviour) {
    this.how = how;
  }

  /** How often something misbehaved so far; 0 means that a test proved nothing. */
  get trips(): number {
    return this.#trips;
  }

  /** From now on every method does its work: a part must be taken out of service by its own methods. */
  disarm(): void {
    this.#armed = false;
  }

  /** The result of `work`, or whatever happens instead. */
  run<Result>(method: string, work: () => Result): Result {
    if (!this.#armed) return work();
    const calls = (this.#calls.get(method) ?? 0) + 1;
    this.#calls.set(method, calls);
    if (this.how === "throws sometimes" && calls % 2 === 1) return work();
    this.#trips += 1;
    if (this.how === "throws afterwards" || this.how === "loses the result") work();
    switch (this.how) {
      case "throws undefined":
        throw undefined;
      case "throws a hostile value":
        throw hostileValue();
      case "returns undefined":
      case "loses the result":
        return undefined as Result;
      case "returns null":
        return null as Result;
      case "returns NaN":
        return Number.NaN as Result;
      default:
        throw new SabotageError(`${method}() was sabotaged`);
    }
  }
}

/** A value that throws at whatever is done to it: reading a property, `instanceof`, `String()`, `JSON.stringify`. */
export function hostileValue(): object {
  const refuse = (): never => {
    throw new SabotageError("a hostile value was touched");
  };
  return new Proxy(
    {},
    {
      get: refuse,
      set: refuse,
      has: refuse,
      ownKeys: refuse,
      getOwnPropertyDescriptor: refuse,
      defineProperty: refuse,
      deleteProperty: refuse,
      getPrototypeOf: refuse,
      setPrototypeOf: refuse,
      isExtensible: refuse,
      preventExtensions: refuse,
    },
  );
}

/** `part` with the named methods (all, when none is named) run by the saboteur. Reading other properties works. */
export function sabotage<Part extends object>(
  part: Part,
  saboteur: Saboteur,
  methods?: readonly (keyof Part & string)[],
): Part {
  const named: readonly string[] | undefined = methods;
  return new Proxy(part, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function" || typeof key === "symbol" || key === "constructor") return value;
      const work = (...values: unknown[]): unknown => Reflect.apply(value, target, values);
      const sabotaged = named === undefined || named.includes(key);
      return sabotaged ? (...values: unknown[]) => saboteur.run(key, () => work(...values)) : work;
    },
  });
}

type ResultMaps<Part> = {
  readonly [Key in keyof Part]?: Part[Key] extends (...values: never[]) => infer Result
    ? (result: Result) => NoInfer<Result>
    : never;
};

/** `part` with the results of some of its methods replaced: how sabotage reaches the spans of a tracer of a provider. */
function mapResults<Part extends object>(part: Part, maps: ResultMaps<Part>): Part {
  return new Proxy(part, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      const map = (maps as Readonly<Record<PropertyKey, ((result: unknown) => unknown) | undefined>>)[key];
      return (...values: unknown[]): unknown => {
        const result: unknown = Reflect.apply(value, target, values);
        return map === undefined ? result : map(result);
      };
    },
  });
}

export function brokenSampler(saboteur: Saboteur): Sampler {
  return sabotage<Sampler>(new AlwaysOnSampler(), saboteur);
}

export function brokenIdGenerator(saboteur: Saboteur): IdGenerator {
  return sabotage<IdGenerator>(new RandomIdGenerator(), saboteur);
}

export function brokenSpanProcessor(saboteur: Saboteur, methods?: readonly (keyof SpanProcessor)[]): SpanProcessor {
  return sabotage<SpanProcessor>(new NoopSpanProcessor(), saboteur, methods);
}

export function brokenPropagator(
  saboteur: Saboteur,
  methods?: readonly (keyof TextMapPropagator)[],
): TextMapPropagator {
  return sabotage<TextMapPropagator>(w3cPropagator(), saboteur, methods);
}

/** `with`: "throws" is before calling the function, "throws afterwards" after it, "returns undefined" never calls it. */
export function brokenContextManager(saboteur: Saboteur, methods?: readonly (keyof ContextManager)[]): ContextManager {
  return sabotage<ContextManager>(new AsyncLocalStorageContextManager().enable(), saboteur, methods);
}

/** Which part of tracing is broken: a method of the provider or its tracers, every method of a span, or some. */
type BrokenTracing = "getTracer" | "startSpan" | "span" | readonly (keyof Span)[];

export function brokenTracerProvider(saboteur: Saboteur, where: BrokenTracing): TracerProvider {
  const real: TracerProvider = new SdkTracerProvider({ spanProcessors: [new NoopSpanProcessor()] });
  if (where === "getTracer") return sabotage(real, saboteur, ["getTracer"]);
  if (where === "startSpan") {
    return mapResults(real, { getTracer: (tracer) => sabotage(tracer, saboteur, ["startSpan", "startActiveSpan"]) });
  }
  const methods = where === "span" ? undefined : where;
  return mapResults(real, {
    getTracer: (tracer) => mapResults(tracer, { startSpan: (span) => sabotage(span, saboteur, methods) }),
  });
}

/** Which part of metrics is broken: the provider, making instruments, recording, or registering callbacks. */
type BrokenMetering = "getMeter" | "create" | "record" | "addCallback";

export function brokenMeterProvider(saboteur: Saboteur, where: BrokenMetering): MeterProvider {
  const real: MeterProvider = new SdkMeterProvider();
  if (where === "getMeter") return sabotage(real, saboteur, ["getMeter"]);
  return mapResults(real, {
    getMeter: (meter) =>
      where === "create" ? sabotage(meter, saboteur, CREATORS) : brokenMeter(meter, saboteur, where),
  });
}

const CREATORS = [
  "createCounter",
  "createUpDownCounter",
  "createHistogram",
  "createGauge",
  "createObservableCounter",
  "createObservableUpDownCounter",
  "createObservableGauge",
] as const;

function brokenMeter(meter: Meter, saboteur: Saboteur, where: "record" | "addCallback"): Meter {
  if (where === "record") {
    const broken = <Instrument extends Counter | Histogram>(instrument: Instrument): Instrument => {
      return sabotage<Instrument>(instrument, saboteur);
    };
    return mapResults(meter, {
      createCounter: broken,
      createUpDownCounter: broken,
      createHistogram: broken,
      createGauge: broken,
    });
  }
  const broken = <Instrument extends object>(instrument: Instrument): Instrument => sabotage(instrument, saboteur);
  const observing = mapResults(meter, {
    createObservableCounter: broken,
    createObservableUpDownCounter: broken,
    createObservableGauge: broken,
  });
  return sabotage(observing, saboteur, ["addBatchObservableCallback", "removeBatchObservableCallback"]);
}

/** Which part of OpenTelemetry's logs is broken. */
type BrokenLogging = "getLogger" | "emit";

export function brokenLoggerProvider(saboteur: Saboteur, where: BrokenLogging): LoggerProvider {
  const real: LoggerProvider = new SdkLoggerProvider();
  return where === "getLogger"
    ? sabotage(real, saboteur, ["getLogger"])
    : mapResults(real, { getLogger: (logger) => sabotage(logger, saboteur) });
}

/** A pino-shaped logger that breaks when it writes, when it makes a child, or only in its children. */
export function brokenLogger(
  saboteur: Saboteur,
  where: "write" | "child" | "children" | "everywhere",
): RecordingLogger {
  const real = createRecordingLogger();
  const writing = ["trace", "debug", "info", "warn", "error", "fatal", "isLevelEnabled"] as const;
  switch (where) {
    case "write":
      return mapResults(sabotage(real, saboteur, writing), { child: (child) => sabotage(child, saboteur, writing) });
    case "child":
      return sabotage(real, saboteur, ["child"]);
    case "children":
      return mapResults(real, { child: (child) => sabotage(child, saboteur) });
    case "everywhere":
      return sabotage(real, saboteur);
  }
}

/** Takes everything out of service; tells how often the broken part misbehaved, which must not be 0. */
export type Uninstall = () => number;

/** A whole SDK, registered with the OpenTelemetry API, of which one part misbehaves. */
export type BrokenSdk = readonly [label: string, install: () => Uninstall];

/** Every broken part in each way it can misbehave. Installs one at a time; throws when an SDK is registered already. */
export function* matrix(): Generator<BrokenSdk, void, undefined> {
  for (const { part, results, parts } of PARTS) {
    for (const how of results ? [...THROWING, ...GARBAGE] : THROWING) {
      yield [
        `${part} ${how}`,
        () => {
          const saboteur = new Saboteur(how);
          return installSdk(parts(saboteur), saboteur);
        },
      ];
    }
  }
}

/** Every way a pino-shaped logger can misbehave; made anew for each call. */
export function* brokenLoggers(): Generator<readonly [label: string, logger: RecordingLogger, saboteur: Saboteur]> {
  for (const where of ["write", "child", "children", "everywhere"] as const) {
    for (const how of where === "child" || where === "everywhere" ? [...THROWING, ...GARBAGE] : THROWING) {
      const saboteur = new Saboteur(how);
      yield [`logger (${where}) ${how}`, brokenLogger(saboteur, where), saboteur];
    }
  }
}

interface Sdk {
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
  readonly loggerProvider: LoggerProvider;
  readonly propagator: TextMapPropagator;
  readonly contextManager: ContextManager;
}

interface BreakablePart {
  readonly part: string;
  /** Whether its methods return something, so that garbage instead is a failure of its own. */
  readonly results: boolean;
  readonly parts: (saboteur: Saboteur) => Partial<Sdk>;
}

const PARTS: readonly BreakablePart[] = [
  {
    part: "sampler",
    results: true,
    parts: (saboteur) => ({ tracerProvider: new SdkTracerProvider({ sampler: brokenSampler(saboteur) }) }),
  },
  {
    part: "id generator",
    results: true,
    parts: (saboteur) => ({ tracerProvider: new SdkTracerProvider({ idGenerator: brokenIdGenerator(saboteur) }) }),
  },
  processorPart("span processor: onStart", ["onStart"]),
  processorPart("span processor: onEnd", ["onEnd"]),
  processorPart("span processor: onStart and onEnd", ["onStart", "onEnd"]),
  {
    part: "propagator: inject",
    results: false,
    parts: (saboteur) => ({ propagator: brokenPropagator(saboteur, ["inject"]) }),
  },
  {
    part: "propagator: extract",
    results: true,
    parts: (saboteur) => ({ propagator: brokenPropagator(saboteur, ["extract"]) }),
  },
  { part: "propagator", results: true, parts: (saboteur) => ({ propagator: brokenPropagator(saboteur) }) },
  {
    part: "context manager: active",
    results: true,
    parts: (saboteur) => ({ contextManager: brokenContextManager(saboteur, ["active"]) }),
  },
  {
    part: "context manager: with",
    results: true,
    parts: (saboteur) => ({ contextManager: brokenContextManager(saboteur, ["with"]) }),
  },
  { part: "context manager", results: true, parts: (saboteur) => ({ contextManager: brokenContextManager(saboteur) }) },
  tracingPart("tracer provider: getTracer", "getTracer"),
  tracingPart("tracer: startSpan", "startSpan"),
  tracingPart("span: every method", "span"),
  tracingPart("span: spanContext", ["spanContext"]),
  tracingPart("span: isRecording", ["isRecording"]),
  { ...tracingPart("span: end", ["end"]), results: false },
  meteringPart("meter provider: getMeter", "getMeter", true),
  meteringPart("meter: create…", "create", true),
  meteringPart("instrument: add and record", "record", false),
  meteringPart("instrument: addCallback", "addCallback", false),
  {
    part: "logger provider: getLogger",
    results: true,
    parts: (saboteur) => ({ loggerProvider: brokenLoggerProvider(saboteur, "getLogger") }),
  },
  {
    part: "OpenTelemetry logger",
    results: false,
    parts: (saboteur) => ({ loggerProvider: brokenLoggerProvider(saboteur, "emit") }),
  },
];

function processorPart(part: string, methods: readonly (keyof SpanProcessor)[]): BreakablePart {
  return {
    part,
    results: false,
    parts: (saboteur) => ({
      tracerProvider: new SdkTracerProvider({ spanProcessors: [brokenSpanProcessor(saboteur, methods)] }),
    }),
  };
}

function tracingPart(part: string, where: BrokenTracing): BreakablePart {
  return { part, results: true, parts: (saboteur) => ({ tracerProvider: brokenTracerProvider(saboteur, where) }) };
}

function meteringPart(part: string, where: BrokenMetering, results: boolean): BreakablePart {
  return { part, results, parts: (saboteur) => ({ meterProvider: brokenMeterProvider(saboteur, where) }) };
}

/** Registers a healthy SDK with `broken` parts in it. Nothing in it exports, so nothing is left to shut down. */
export function installSdk(broken: Partial<Sdk>, saboteur: Saboteur): Uninstall {
  const sdk: Sdk = {
    tracerProvider: broken.tracerProvider ?? new SdkTracerProvider({ spanProcessors: [new NoopSpanProcessor()] }),
    meterProvider: broken.meterProvider ?? new SdkMeterProvider(),
    loggerProvider: broken.loggerProvider ?? new SdkLoggerProvider(),
    propagator: broken.propagator ?? w3cPropagator(),
    contextManager: broken.contextManager ?? new AsyncLocalStorageContextManager().enable(),
  };
  const undo: (() => void)[] = [];
  const uninstall = (): number => {
    const { trips } = saboteur;
    saboteur.disarm();
    for (const step of undo.splice(0)) step();
    return trips;
  };
  const registered =
    register(trace.setGlobalTracerProvider(sdk.tracerProvider), () => trace.disable()) &&
    register(context.setGlobalContextManager(sdk.contextManager), () => context.disable()) &&
    register(propagation.setGlobalPropagator(sdk.propagator), () => propagation.disable()) &&
    register(metrics.setGlobalMeterProvider(sdk.meterProvider), () => metrics.disable()) &&
    register(logs.setGlobalLoggerProvider(sdk.loggerProvider), () => logs.disable());
  if (!registered) {
    uninstall();
    throw new Error("another SDK is registered with the OpenTelemetry API: uninstall it first");
  }
  return uninstall;

  function register(accepted: boolean, disable: () => void): boolean {
    if (accepted) undo.push(disable);
    return accepted;
  }
}

function w3cPropagator(): TextMapPropagator {
  return new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
}
