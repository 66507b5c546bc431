import {
  context,
  createContextKey,
  logs,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span,
  trace,
} from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import {
  brokenContextManager,
  brokenIdGenerator,
  brokenLogger,
  brokenLoggerProvider,
  brokenLoggers,
  brokenMeterProvider,
  brokenPropagator,
  brokenSampler,
  brokenSpanProcessor,
  brokenTracerProvider,
  hostileValue,
  installSdk,
  matrix,
  SabotageError,
  Saboteur,
  sabotage,
} from "./broken-sdk.ts";
import type { RecordingLogger } from "./recording-logger.ts";

const KEY = createContextKey("broken-sdk test");
const PARENT = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };

interface Probe {
  /** What calls threw, as a word: a hostile value cannot be shown. */
  readonly thrown: readonly ThrownKind[];
  /** Calls that returned something else than the API's contract says. */
  readonly garbage: readonly string[];
}

type ThrownKind = "sabotage" | "undefined" | "hostile" | "other";

/** Uses every part of the API as a library would, each call guarded, twice: some parts fail on a second call only. */
function probe(): Probe {
  const thrown: ThrownKind[] = [];
  const garbage: string[] = [];
  const attempt: Attempt = (what, work, sound) => {
    try {
      const value = work();
      if (!sound(value)) garbage.push(what);
      return value;
    } catch (error) {
      thrown.push(kindOf(error));
      return undefined;
    }
  };
  for (let round = 0; round < 2; round++) {
    probeTracing(attempt);
    probeContext(attempt);
    probeMetrics(attempt);
    probeLogs(attempt);
  }
  return { thrown, garbage };
}

function kindOf(thrown: unknown): ThrownKind {
  if (thrown === undefined) return "undefined";
  try {
    return thrown instanceof SabotageError ? "sabotage" : "other";
  } catch {
    return "hostile";
  }
}

type Attempt = <Value>(what: string, work: () => Value, sound: (value: Value) => boolean) => Value | undefined;

const anything = (): boolean => true;
const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

function probeTracing(attempt: Attempt): void {
  const tracer = attempt("getTracer", () => trace.getTracerProvider().getTracer("probe"), isObject);
  const span = attempt("startSpan", () => tracer?.startSpan("probe", {}, ROOT_CONTEXT), isObject);
  if (!isObject(span)) return;
  const { traceId } = attempt("spanContext", () => span!.spanContext(), isObject) ?? {};
  attempt(
    "traceId",
    () => traceId,
    (id) => /^[0-9a-f]{32}$/.test(String(id)),
  );
  attempt(
    "isRecording",
    () => span!.isRecording(),
    (value) => value === true,
  );
  attempt("setAttribute", () => span!.setAttribute("a", 1), isObject);
  attempt("setAttributes", () => span!.setAttributes({ a: 1 }), isObject);
  attempt("addEvent", () => span!.addEvent("a"), isObject);
  attempt("addLink", () => span!.addLink({ context: PARENT }), isObject);
  attempt("setStatus", () => span!.setStatus({ code: 0 }), isObject);
  attempt("updateName", () => span!.updateName("a"), isObject);
  attempt("recordException", () => span!.recordException("a"), anything);
  attempt("end", () => (span as Span).end(), anything);
}

function probeContext(attempt: Attempt): void {
  const withParent = trace.setSpanContext(ROOT_CONTEXT, PARENT);
  let seen: unknown;
  attempt("active", () => context.active(), isObject);
  const calls = { count: 0 };
  const returned = attempt(
    "with",
    () =>
      context.with(ROOT_CONTEXT.setValue(KEY, "inside"), () => {
        calls.count += 1;
        seen = context.active().getValue(KEY);
        return "returned";
      }),
    (value) => value === "returned",
  );
  if (returned === "returned")
    attempt(
      "active inside with",
      () => seen,
      (value) => value === "inside",
    );
  const carrier: Record<string, string> = {};
  attempt("inject", () => propagation.inject(withParent, carrier), anything);
  attempt("extract", () => propagation.extract(ROOT_CONTEXT, { traceparent: "" }), isObject);
  attempt("fields", () => propagation.fields(), Array.isArray);
}

function probeMetrics(attempt: Attempt): void {
  const meter = attempt("getMeter", () => metrics.getMeter("probe"), isObject);
  if (!isObject(meter)) return;
  const counter = attempt("createCounter", () => meter!.createCounter("a"), isObject);
  const histogram = attempt("createHistogram", () => meter!.createHistogram("b"), isObject);
  const gauge = attempt("createObservableGauge", () => meter!.createObservableGauge("c"), isObject);
  attempt("add", () => counter?.add(1), anything);
  attempt("record", () => histogram?.record(1), anything);
  attempt("addCallback", () => gauge?.addCallback(() => {}), anything);
}

function probeLogs(attempt: Attempt): void {
  const logger = attempt("getLogger", () => logs.getLoggerProvider().getLogger("probe"), isObject);
  if (isObject(logger)) attempt("emit", () => logger!.emit({ body: "a" }), anything);
}

const CASES = [...matrix()].map(([label, install]) => ({ label, install }));

const WITHOUT_SDK: Probe = {
  thrown: [],
  garbage: ["isRecording", "active inside with", "isRecording", "active inside with"],
};

/** What a part of that label must be seen to throw; undefined for those that return garbage. */
function expectedThrow(label: string): ThrownKind | undefined {
  if (label.endsWith("throws undefined")) return "undefined";
  if (label.endsWith("throws a hostile value")) return "hostile";
  return / throws( \w+)?$/.test(label) ? "sabotage" : undefined;
}

describe("matrix", () => {
  it("has every part, in every way it can misbehave, once", () => {
    const labels = CASES.map((each) => each.label);

    expect(new Set(labels).size).toBe(labels.length);
    expect(labels).toHaveLength(175);
  });

  it.each(CASES.filter(({ label }) => expectedThrow(label) !== undefined))("really throws: $label", (each) => {
    const uninstall = each.install();
    const broken = probe();
    const trips = uninstall();

    expect(trips).toBeGreaterThan(0);
    expect(broken.thrown).toContain(expectedThrow(each.label));
    expect(probe()).toEqual(WITHOUT_SDK);
  });

  it.each(CASES.filter(({ label }) => expectedThrow(label) === undefined))("really returns garbage: $label", (each) => {
    const uninstall = each.install();
    const broken = probe();
    const trips = uninstall();

    // NaN has no `decision`, which the SDK takes for "record, but do not sample".
    const harmless = each.label === "sampler returns NaN";
    expect(trips).toBeGreaterThan(0);
    expect(broken.garbage.length + broken.thrown.length > 0).toBe(!harmless);
    expect(probe()).toEqual(WITHOUT_SDK);
  });

  it("refuses to install over another SDK, and leaves that one in place", () => {
    const uninstall = CASES[0]!.install();

    expect(CASES[1]!.install).toThrow("another SDK is registered with the OpenTelemetry API");
    const { thrown } = probe();
    uninstall();

    expect(thrown).toContain("sabotage");
    expect(probe()).toEqual(WITHOUT_SDK);
  });
});

describe("installSdk", () => {
  it("installs an SDK that works but for the broken parts", () => {
    const uninstall = installSdk({}, new Saboteur("throws"));
    const healthy = probe();
    const trips = uninstall();

    expect(trips).toBe(0);
    expect(healthy).toEqual({ thrown: [], garbage: [] });
  });
});

/** Every factory, with every method of the interface it makes. */
const FACTORIES: readonly (readonly [
  name: string,
  make: (saboteur: Saboteur) => object,
  methods: readonly string[],
])[] = [
  ["brokenSampler", brokenSampler, ["shouldSample", "toString"]],
  ["brokenIdGenerator", brokenIdGenerator, ["generateTraceId", "generateSpanId"]],
  ["brokenSpanProcessor", brokenSpanProcessor, ["onStart", "onEnd", "forceFlush", "shutdown"]],
  ["brokenPropagator", brokenPropagator, ["inject", "extract", "fields"]],
  ["brokenContextManager", brokenContextManager, ["active", "with", "bind", "attach", "enable", "disable"]],
  ["brokenTracerProvider", (saboteur) => brokenTracerProvider(saboteur, "getTracer"), ["getTracer"]],
  [
    "brokenTracerProvider's tracer",
    (saboteur) => brokenTracerProvider(saboteur, "startSpan").getTracer("a"),
    ["startSpan", "startActiveSpan"],
  ],
  [
    "brokenTracerProvider's span",
    (saboteur) => brokenTracerProvider(saboteur, "span").getTracer("a").startSpan("a", {}, ROOT_CONTEXT),
    [
      "spanContext",
      "setAttribute",
      "setAttributes",
      "addEvent",
      "addLink",
      "addLinks",
      "setStatus",
      "updateName",
      "end",
      "isRecording",
      "recordException",
    ],
  ],
  ["brokenMeterProvider", (saboteur) => brokenMeterProvider(saboteur, "getMeter"), ["getMeter"]],
  [
    "brokenMeterProvider's meter",
    (saboteur) => brokenMeterProvider(saboteur, "create").getMeter("a"),
    [
      "createCounter",
      "createUpDownCounter",
      "createHistogram",
      "createGauge",
      "createObservableCounter",
      "createObservableUpDownCounter",
      "createObservableGauge",
    ],
  ],
  [
    "brokenMeterProvider's counter",
    (saboteur) => brokenMeterProvider(saboteur, "record").getMeter("a").createCounter("a"),
    ["add"],
  ],
  [
    "brokenMeterProvider's histogram",
    (saboteur) => brokenMeterProvider(saboteur, "record").getMeter("a").createHistogram("a"),
    ["record"],
  ],
  [
    "brokenMeterProvider's observable",
    (saboteur) => brokenMeterProvider(saboteur, "addCallback").getMeter("a").createObservableCounter("a"),
    ["addCallback", "removeCallback"],
  ],
  [
    "brokenMeterProvider's observing meter",
    (saboteur) => brokenMeterProvider(saboteur, "addCallback").getMeter("a"),
    ["addBatchObservableCallback", "removeBatchObservableCallback"],
  ],
  ["brokenLoggerProvider", (saboteur) => brokenLoggerProvider(saboteur, "getLogger"), ["getLogger"]],
  [
    "brokenLoggerProvider's logger",
    (saboteur) => brokenLoggerProvider(saboteur, "emit").getLogger("a"),
    ["emit", "enabled"],
  ],
  [
    "brokenLogger",
    (saboteur) => brokenLogger(saboteur, "everywhere"),
    ["trace", "debug", "info", "warn", "error", "fatal", "child", "isLevelEnabled"],
  ],
];

describe("every factory", () => {
  it.each(FACTORIES)("%s throws in every one of its methods", (_name, make, methods) => {
    const saboteur = new Saboteur("throws");
    const part = make(saboteur) as Readonly<Record<string, () => unknown>>;

    for (const method of methods) expect(() => part[method]!(), method).toThrow(SabotageError);
    expect(saboteur.trips).toBe(methods.length);
  });
});

describe("sabotage", () => {
  it("leaves the methods it is not told to break, and every property, as they are", () => {
    const saboteur = new Saboteur("throws");
    const part = sabotage({ level: "info", one: () => 1, two: () => 2 }, saboteur, ["two"]);

    expect([part.level, part.one()]).toEqual(["info", 1]);
    expect(() => part.two()).toThrow(SabotageError);
    saboteur.disarm();
    expect(part.two()).toBe(2);
  });
});

describe("brokenContextManager", () => {
  it.each([
    { how: "throws", calls: 0 },
    { how: "throws afterwards", calls: 1 },
    { how: "returns undefined", calls: 0 },
    { how: "loses the result", calls: 1 },
  ] as const)("$how: with() calls the function $calls times", ({ how, calls }) => {
    const manager = brokenContextManager(new Saboteur(how), ["with"]);
    let called = 0;

    try {
      manager.with(ROOT_CONTEXT, () => {
        called += 1;
      });
    } catch {
      // expected of the throwing ones
    }

    expect(called).toBe(calls);
    expect(manager.active()).toBe(ROOT_CONTEXT);
  });
});

describe("brokenLogger", () => {
  it.each([...brokenLoggers()].map(([label, logger, saboteur]) => ({ label, logger, saboteur })))("$label", (each) => {
    const { label, logger, saboteur } = each;
    const thrown: ThrownKind[] = [];
    const made: unknown[] = [];
    const attempt = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        thrown.push(kindOf(error));
      }
    };

    for (let round = 0; round < 2; round++) {
      attempt(() => logger.warn({ code: 1 }, "a"));
      attempt(() => made.push(logger.child({ event_id: "e" })));
      const child = made.at(-1);
      if (typeof child === "object" && child !== null) attempt(() => (child as RecordingLogger).warn("b"));
    }
    const { trips } = saboteur;
    saboteur.disarm();
    logger.child({}).warn("after");

    const expected = expectedThrow(label);
    expect(trips).toBeGreaterThan(0);
    if (expected === undefined) expect(made.some((child) => typeof child !== "object" || child === null)).toBe(true);
    else expect(thrown).toContain(expected);
    expect(logger.lines().at(-1)).toMatchObject({ level: "warn", message: "after" });
  });

  it("breaks where it is told to", () => {
    const [write, child, children] = (["write", "child", "children"] as const).map((where) => {
      return brokenLogger(new Saboteur("throws"), where);
    });

    expect(() => write!.info("a")).toThrow(SabotageError);
    expect(() => write!.child({}).info("a")).toThrow(SabotageError);
    expect(() => child!.info("a")).not.toThrow();
    expect(() => child!.child({})).toThrow(SabotageError);
    expect(() => children!.info("a")).not.toThrow();
    expect(() => children!.child({}).info("a")).toThrow(SabotageError);
  });
});

describe("Saboteur", () => {
  it("counts by method when it throws sometimes: every second call", () => {
    const saboteur = new Saboteur("throws sometimes");
    const ended = (method: string): string => {
      try {
        return saboteur.run(method, () => "worked");
      } catch {
        return "threw";
      }
    };

    expect(["a", "b", "a", "b", "a", "a"].map(ended)).toEqual([
      "worked",
      "worked",
      "threw",
      "threw",
      "worked",
      "threw",
    ]);
    expect(saboteur.trips).toBe(3);
  });
});

describe("hostileValue", () => {
  it("throws at whatever is done to it", () => {
    const hostile = hostileValue();
    const touches: readonly (() => unknown)[] = [
      () => String(hostile),
      () => `${hostile}`,
      () => JSON.stringify(hostile),
      () => hostile instanceof Error,
      () => "message" in hostile,
      () => Object.keys(hostile),
      () => ({ ...hostile }),
      () => Object.freeze(hostile),
      () => (hostile as Error).message,
      () => Object.assign(hostile, { a: 1 }),
    ];

    for (const touch of touches) expect(touch).toThrow(SabotageError);
    expect(typeof hostile).toBe("object");
  });
});
