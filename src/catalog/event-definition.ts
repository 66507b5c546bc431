import { OptionCheck } from "../check.ts";
import { BusError, describeValue } from "../errors.ts";
import type { SpanLevel, TraceMode } from "../options.ts";
import { DURATION_BOUNDARIES } from "../telemetry/semconv.ts";
import type { DataPath, SensitivePath } from "./data-path.ts";
import type { StandardSchemaV1 } from "./standard-schema.ts";

/** A value that may become a span attribute. */
export type AttributeValue = string | number | boolean | readonly string[] | readonly number[] | readonly boolean[];

/** The good part of deliveries an event promises; alert rules are made from it. At least one of the two. */
export interface ServiceLevel {
  /** The share of deliveries to be handled, between 0 and 1: `0.999`. */
  readonly success?: number | undefined;
  readonly latency?:
    | {
        /**
         * A bucket boundary of the duration histograms, in milliseconds: 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 75,
         * 100, 250, 500, 750, 1000, 2500, 5000, 7500 or 10000.
         */
        readonly withinMs: number;
        /** The share of deliveries to be handled within that time, between 0 and 1. */
        readonly ratio: number;
      }
    | undefined;
}

/** How the bus treats an event, whatever its data. */
interface EventPolicies {
  readonly slo?: ServiceLevel | undefined;
  /** @default the bus's */
  readonly trace?: TraceMode | undefined;
  /** @default the bus's */
  readonly spans?: SpanLevel | undefined;
  /** One sentence for `bus.describe()`. */
  readonly description?: string | undefined;
}

/** One entry of a catalog: what an event carries and how the bus treats it. */
export interface EventDefinition<Input = unknown, Output = Input> extends AnyDefinition {
  /** Checks the published data; handlers receive what it returns. @default any data */
  readonly schema?: StandardSchemaV1<Input, Output> | undefined;
  /** Span attributes by name, each read from the data without its `sensitive` parts; `undefined` writes none. */
  readonly attributes?: Readonly<Record<string, (data: Output) => AttributeValue | undefined>> | undefined;
  /**
   * Dot paths into the data that the bus never writes anywhere: `["card.number"]`; arrays count element by element. They
   * are "[redacted]" in the JSON of a dead letter, but not in that of the event itself: it has to be replayed. Checked
   * against what the schema makes of the data, three keys deep.
   */
  readonly sensitive?: readonly SensitivePath[] | undefined;
}

/** An {@link EventDefinition} of whatever types. */
export interface AnyDefinition extends EventPolicies {
  readonly schema?: StandardSchemaV1 | undefined;
  readonly attributes?: Readonly<Record<string, (data: never) => AttributeValue | undefined>> | undefined;
  readonly sensitive?: readonly string[] | undefined;
}

/** {@link EventDefinition} as written in `defineEvents`: `data` follows from the schema beside it. */
interface EventDraft<Schema = unknown> extends EventPolicies {
  /** Checks the published data; handlers receive what it returns. @default any data */
  readonly schema?: Schema | undefined;
  /** Span attributes by name, each read from the data without its `sensitive` parts; `undefined` writes none. */
  readonly attributes?:
    | Readonly<Record<string, (data: StandardSchemaV1.InferOutput<Schema>) => AttributeValue | undefined>>
    | undefined;
  /**
   * Dot paths into the data that the bus never writes anywhere: `["card.number"]`; arrays count element by element. They
   * are "[redacted]" in the JSON of a dead letter, but not in that of the event itself: it has to be replayed. Checked
   * against what the schema makes of the data, three keys deep.
   */
  readonly sensitive?: readonly (DataPath<StandardSchemaV1.InferOutput<Schema>> | SensitivePath)[] | undefined;
}

/** What the schemas of a group extend: of events that have one, a Standard Schema. */
export type SchemasIn<Schemas> = {
  readonly [Name in keyof Schemas]: unknown extends Schemas[Name] ? unknown : StandardSchemaV1;
};

/** Names and templates with what to know about each: an argument of `defineEvents`. */
export type EventDrafts<Schemas> = { readonly [Name in keyof Schemas]: EventDraft<Schemas[Name]> };

const OPTIONS = ["schema", "attributes", "sensitive", "slo", "trace", "spans", "description"];
const RESERVED_ATTRIBUTES = ["messaging.", "spanbus.", "error.type"];

/**
 * Checks one entry of a catalog and takes it over as a frozen copy.
 *
 * @throws BusError `INVALID_OPTION`, naming the event, the option, its value and the remedy
 */
export function readDefinition(name: string, draft: unknown): AnyDefinition {
  const owner = `cannot define ${describeValue(name)}`;
  if (!isRecord(draft)) {
    throw invalid(`${owner}: a definition is an object such as { schema, attributes }, got ${describeValue(draft)}`);
  }
  const check = new OptionCheck(owner, draft, OPTIONS);
  check.matching("schema", "a Standard Schema (of zod, valibot, arktype, … or by hand)", isStandardSchema);
  check.matching("attributes", 'functions by attribute, such as { "order.id": (data) => data.id }', isRecord);
  check.matching("sensitive", 'an array of paths into the data, such as ["card.number"]', Array.isArray);
  check.matching("slo", "an object such as { success: 0.999 }", isRecord);
  check.oneOf("trace", ["child", "link", "auto"] satisfies TraceMode[]);
  check.oneOf("spans", ["handlers", "events", "off"] satisfies SpanLevel[]);
  check.matching("description", "text", (value) => typeof value === "string");
  const { attributes, sensitive, slo } = draft as AnyDefinition;
  if (attributes !== undefined) checkAttributes(owner, attributes);
  if (sensitive !== undefined) checkSensitive(owner, sensitive);
  if (slo !== undefined) checkServiceLevel(`${owner}: slo`, slo);
  return Object.freeze({
    ...draft,
    ...(attributes && { attributes: Object.freeze({ ...attributes }) }),
    ...(sensitive && { sensitive: Object.freeze([...sensitive]) }),
    ...(slo && { slo: Object.freeze({ ...slo, ...(slo.latency && { latency: Object.freeze({ ...slo.latency }) }) }) }),
  });
}

function checkAttributes(owner: string, attributes: Readonly<Record<string, unknown>>): void {
  for (const [attribute, extract] of Object.entries(attributes)) {
    const reserved = RESERVED_ATTRIBUTES.find((each) => attribute.startsWith(each));
    if (attribute === "" || reserved !== undefined) {
      const why = attribute === "" ? "is empty" : `is spanbus's own, like all that begins with "${reserved}"`;
      throw invalid(
        `${owner}: the attribute name ${describeValue(attribute)} ${why}; name it after your domain: "order.id"`,
      );
    }
    if (typeof extract !== "function") {
      const got = describeValue(extract);
      throw invalid(`${owner}: the attribute ${describeValue(attribute)} must be a function of the data, got ${got}`);
    }
  }
}

function checkSensitive(owner: string, paths: readonly unknown[]): void {
  for (const path of paths) {
    if (typeof path === "string" && !path.split(".").includes("")) continue;
    throw invalid(`${owner}: sensitive holds ${describeValue(path)}; write keys joined by dots, such as "card.number"`);
  }
}

function checkServiceLevel(owner: string, slo: ServiceLevel): void {
  const check = new OptionCheck(owner, slo, ["success", "latency"]);
  check.matching("success", RATIO_FORM, isRatio);
  check.matching("latency", "an object such as { withinMs: 250, ratio: 0.99 }", isRecord);
  const { success, latency } = slo;
  if (success === undefined && latency === undefined) throw invalid(`${owner}: give success, latency or both`);
  if (latency === undefined) return;
  const latencyCheck = new OptionCheck(`${owner}.latency`, latency, ["withinMs", "ratio"]);
  if (latency.withinMs === undefined || latency.ratio === undefined) {
    throw invalid(`${owner}.latency: give both withinMs and ratio`);
  }
  const boundaries = DURATION_BOUNDARIES.map((seconds) => Number((seconds * 1000).toPrecision(6)));
  latencyCheck.matching("withinMs", `a bucket boundary of the histograms (${boundaries.join(", ")})`, (value) =>
    boundaries.includes(value as number),
  );
  latencyCheck.matching("ratio", RATIO_FORM, isRatio);
}

const RATIO_FORM = "more than 0 and less than 1, such as 0.999 for 99.9 %";

function isRatio(value: unknown): boolean {
  return typeof value === "number" && value > 0 && value < 1;
}

/** Arktype's schemas are functions. */
function isStandardSchema(value: unknown): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: unknown = (value as Partial<StandardSchemaV1>)["~standard"];
  return isRecord(standard) && standard.version === 1 && typeof standard.validate === "function";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string): BusError {
  return new BusError("INVALID_OPTION", message);
}
