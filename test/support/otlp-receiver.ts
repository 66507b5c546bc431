import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

// Taken at load, so that a test's fake timers stop the program under test and not the collector it talks to.
const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
const now: () => number = Date.now;

/**
 * How the receiver treats a request. Data is kept only where the answer says it was: `healthy`, `slow`, and `partial`
 * (all but the last record of each request).
 *
 * - `refuse`: the port is closed; `reset`: the socket is reset; `hang`: the request is read and never answered
 * - `drip`: status 200, then one byte every 100 ms for ever; `slow`: healthy after 300 ms
 * - `4xx`: 400; `404`; `429-retry-after`: 429 with `Retry-After: 1`; `5xx`: 503; `500`
 * - `redirect`: 307 and 302 in turn, to the same path under `/moved`, where it is healthy
 * - `garbage`: 200 with a web page; `partial`: 200 with a `partialSuccess` that rejects one record
 */
export type ReceiverBehaviour =
  | "healthy"
  | "refuse"
  | "reset"
  | "hang"
  | "drip"
  | "4xx"
  | "404"
  | "429-retry-after"
  | "5xx"
  | "500"
  | "redirect"
  | "garbage"
  | "partial"
  | "slow";

type Signal = "traces" | "metrics" | "logs";

/** A decoded attribute: `null` stands for a value that was sent empty (`undefined` or `null` in the sender). */
type AttributeValue =
  | string
  | number
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

export type ReceivedAttributes = Readonly<Record<string, AttributeValue>>;

interface ReceivedScope {
  readonly name: string;
  readonly version: string | undefined;
  readonly schemaUrl: string | undefined;
}

/** Where a record came from. */
interface ReceivedOrigin {
  /** The resource's attributes. */
  readonly resource: ReceivedAttributes;
  readonly scope: ReceivedScope;
}

export interface ReceivedSpan extends ReceivedOrigin {
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for a root. */
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: "UNSPECIFIED" | "INTERNAL" | "SERVER" | "CLIENT" | "PRODUCER" | "CONSUMER";
  readonly status: { readonly code: "UNSET" | "OK" | "ERROR"; readonly message: string | undefined };
  readonly attributes: ReceivedAttributes;
  /** `time` in nanoseconds since the epoch. */
  readonly events: readonly { readonly name: string; readonly attributes: ReceivedAttributes; readonly time: bigint }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: ReceivedAttributes;
  }[];
  /** Nanoseconds since the epoch. */
  readonly startNs: bigint;
  readonly endNs: bigint;
}

interface ReceivedPoint {
  readonly attributes: ReceivedAttributes;
  readonly resource: ReceivedAttributes;
  /** Nanoseconds since the epoch, of the collection. */
  readonly timeNs: bigint;
}

interface NumberPoint extends ReceivedPoint {
  /** `NaN` where the sender's number was NaN or infinite: JSON has no word for either. */
  readonly value: number;
}

interface HistogramPoint extends ReceivedPoint {
  readonly count: number;
  readonly sum: number;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly bounds: readonly number[];
  readonly bucketCounts: readonly number[];
}

interface MetricHead {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly scope: ReceivedScope;
  readonly temporality: "cumulative" | "delta" | undefined;
}

interface NumberMetric extends MetricHead {
  readonly kind: "sum" | "gauge";
  readonly monotonic: boolean;
  readonly points: readonly NumberPoint[];
}

interface HistogramMetric extends MetricHead {
  readonly kind: "histogram";
  readonly monotonic: false;
  readonly points: readonly HistogramPoint[];
}

/** A metric with its latest point for each label set and resource. */
export type ReceivedMetric = NumberMetric | HistogramMetric;

export interface ReceivedLog extends ReceivedOrigin {
  readonly body: AttributeValue;
  /** The sender's text, else the name of the number's range: `TRACE` … `FATAL`, `UNSPECIFIED`. */
  readonly severity: string;
  readonly severityNumber: number;
  readonly eventName: string | undefined;
  readonly attributes: ReceivedAttributes;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly time: bigint;
}

/** A request as it came and was answered; the fields of the answer fill in as it goes. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly signal: Signal | undefined;
  readonly behaviour: ReceiverBehaviour;
  readonly headers: IncomingHttpHeaders;
  /** Size of the body as it came over the wire, compressed or not. */
  readonly bytes: number;
  /** Spans, metric points or log records in the body. */
  readonly records: number;
  /** Of the answer; undefined while there is none. */
  readonly status: number | undefined;
  /** Of the answer's body, so far. */
  readonly bytesSent: number;
  /** Why it was not understood. */
  readonly problem: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface WaitOptions {
  /** @default 5000 */
  readonly deadlineMs?: number;
}

/** Starts an OTLP/HTTP collector (JSON, gzip or not) on a free port of 127.0.0.1 that keeps what it is sent. */
export async function startOtlpReceiver(
  options: { /** @default "healthy" */ readonly behaviour?: ReceiverBehaviour } = {},
): Promise<OtlpReceiver> {
  const receiver = new OtlpReceiver();
  await receiver.open();
  await receiver.behave(options.behaviour ?? "healthy");
  return receiver;
}

/** An OTLP collector inside the test process; close it, or declare it with `await using`. */
export class OtlpReceiver implements AsyncDisposable {
  readonly #server: Server;
  readonly #waiters = new Set<() => void>();
  readonly #metrics = new Map<string, MetricStore>();
  #behaviour: ReceiverBehaviour = "healthy";
  #port = 0;
  #closed = false;
  #redirects = 0;
  #spans: ReceivedSpan[] = [];
  #logs: ReceivedLog[] = [];
  #requests: RequestRecord[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      this.#receive(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  /** What `OTEL_EXPORTER_OTLP_ENDPOINT` takes; an exporter's `url` is this plus `/v1/traces`, `/v1/metrics`, `/v1/logs`. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    for (let attempts = 0; attempts < 200; attempts++) {
      // Below every system's ephemeral range, so that no client's socket takes the port while "refuse" has it closed.
      const port = 20_000 + Math.floor(Math.random() * 12_000);
      if (await listen(this.#server, port)) {
        this.#port = port;
        return;
      }
    }
    throw new Error("found no free port between 20000 and 32000");
  }

  /** Treats the requests that come from now on like this; those under way keep the behaviour they came under. */
  async behave(behaviour: ReceiverBehaviour): Promise<void> {
    if (this.#closed) throw new Error("cannot change the behaviour: the receiver is closed");
    this.#behaviour = behaviour;
    if (behaviour === "refuse") {
      await stop(this.#server);
    } else if (!this.#server.listening && !(await listen(this.#server, this.#port))) {
      throw new Error(`port ${this.#port} was taken by another program while "refuse" had it closed`);
    }
  }

  /** Every span kept, in order of arrival. */
  spans(): readonly ReceivedSpan[] {
    return [...this.#spans];
  }

  metrics(): readonly ReceivedMetric[] {
    return [...this.#metrics.values()].map(toMetric);
  }

  /** The metric with those of its points that carry all of `labels`; undefined when there is none. */
  metric(name: string, labels: ReceivedAttributes = {}): ReceivedMetric | undefined {
    return selectMetric(this.metrics(), name, labels);
  }

  /** The sum of the points that carry all of `labels` (of a histogram, of their counts); undefined when there is none. */
  counter(name: string, labels: ReceivedAttributes = {}): number | undefined {
    return sumOfPoints(this.metrics(), name, labels);
  }

  logs(): readonly ReceivedLog[] {
    return [...this.#logs];
  }

  /** Every request, answered or not, in order of arrival. */
  requests(): readonly ReceivedRequest[] {
    return [...this.#requests];
  }

  /** Forgets everything received so far. */
  clear(): void {
    this.#spans = [];
    this.#logs = [];
    this.#requests = [];
    this.#metrics.clear();
  }

  /** Resolves with all spans as soon as there are that many, or they satisfy the predicate. */
  async waitForSpans(
    wanted: number | ((spans: readonly ReceivedSpan[]) => boolean),
    options?: WaitOptions,
  ): Promise<readonly ReceivedSpan[]> {
    const enough = typeof wanted === "number" ? () => this.#spans.length >= wanted : () => wanted(this.#spans);
    await this.waitFor(enough, options);
    return this.spans();
  }

  /** Resolves as soon as `holds` does; looked at again whenever something arrives or is answered. */
  waitFor(holds: () => boolean, { deadlineMs = 5_000 }: WaitOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        settle();
      };
      const look = (): void => {
        try {
          if (holds()) end(resolve);
          else if (this.#closed) end(() => reject(new Error(`the receiver was closed; ${this.#summary()}`)));
        } catch (error) {
          end(() => reject(error));
        }
      };
      const timer = setTimeout(() => {
        end(() => reject(new Error(`not within ${deadlineMs} ms; ${this.#summary()}`)));
      }, deadlineMs);
      this.#waiters.add(look);
      look();
    });
  }

  /** Ends every connection and frees the port. What was received stays readable. */
  async close(): Promise<void> {
    this.#closed = true;
    await stop(this.#server);
    this.#changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #changed(): void {
    for (const look of [...this.#waiters]) look();
  }

  #summary(): string {
    const names = this.#spans.map((span) => JSON.stringify(span.name)).slice(0, 20);
    const answers = this.#requests.map((request) => `${request.path} ${request.status ?? "unanswered"}`).slice(0, 20);
    const points = [...this.#metrics.values()].reduce((sum, store) => sum + store.points.size, 0);
    return (
      `received ${this.#spans.length} spans [${names.join(", ")}], ${points} metric points, ${this.#logs.length} logs ` +
      `in ${this.#requests.length} requests [${answers.join(", ")}]`
    );
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const record = openRecord(request, this.#behaviour);
    this.#requests.push(record);
    response.on("close", () => this.#changed());
    if (record.behaviour === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    const body = await readBody(request);
    if (body === undefined) {
      record.problem = "the client went away before the end of its request";
      this.#changed();
      return;
    }
    record.bytes = body.length;
    const batch = await decode(request, record, body);
    if ("status" in batch) {
      record.problem = batch.problem;
      answer(response, record, { status: batch.status, body: rpcStatus(batch.problem) });
    } else {
      record.records = batch.records;
      this.#respond(response, record, batch);
    }
    this.#changed();
  }

  #respond(response: ServerResponse, record: RequestRecord, batch: Batch): void {
    const moved = record.path.startsWith(MOVED);
    switch (moved ? "healthy" : record.behaviour) {
      case "hang":
        return;
      case "drip":
        this.#drip(response, record);
        return;
      case "slow": {
        const timer = setTimeout(() => {
          this.#keep(batch, 0);
          answer(response, record, ACCEPTED);
          this.#changed();
        }, 300);
        response.on("close", () => clearTimeout(timer));
        return;
      }
      case "redirect": {
        const status = this.#redirects++ % 2 === 0 ? 307 : 302;
        answer(response, record, { status, headers: { location: `${this.url}${MOVED}${record.path}` } });
        return;
      }
      case "partial":
        this.#keep(batch, 1);
        answer(response, record, { status: 200, body: partialSuccess(batch.signal) });
        return;
      case "healthy":
        this.#keep(batch, 0);
        answer(response, record, ACCEPTED);
        return;
      default:
        answer(response, record, FIXED_ANSWERS[record.behaviour] ?? ACCEPTED);
    }
  }

  #drip(response: ServerResponse, record: RequestRecord): void {
    record.status = 200;
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const timer = setInterval(() => {
      response.write(" ");
      record.bytesSent += 1;
      this.#changed();
    }, 100);
    response.on("close", () => clearInterval(timer));
  }

  #keep(batch: Batch, rejected: number): void {
    const end = batch.records - rejected;
    this.#spans.push(...batch.spans.slice(0, end));
    this.#logs.push(...batch.logs.slice(0, end));
    for (const { head, point } of batch.points.slice(0, end)) {
      const store = this.#metrics.get(head.name) ?? { head, points: new Map<string, AnyPoint>() };
      this.#metrics.set(head.name, store);
      const key = seriesKey(point);
      const known = store.points.get(key);
      if (known === undefined || known.timeNs <= point.timeNs) store.points.set(key, point);
    }
  }
}

/** The metric of that name with those of its points that carry all of `labels`; undefined when there is none. */
export function selectMetric(
  metrics: readonly ReceivedMetric[],
  name: string,
  labels: ReceivedAttributes = {},
): ReceivedMetric | undefined {
  const metric = metrics.find((each) => each.name === name);
  if (metric === undefined) return undefined;
  const selected =
    metric.kind === "histogram"
      ? { ...metric, points: metric.points.filter((point) => carries(point.attributes, labels)) }
      : { ...metric, points: metric.points.filter((point) => carries(point.attributes, labels)) };
  return selected.points.length === 0 ? undefined : selected;
}

/** The sum of those points' values, or of a histogram's counts; undefined when there is no such point. */
export function sumOfPoints(
  metrics: readonly ReceivedMetric[],
  name: string,
  labels: ReceivedAttributes = {},
): number | undefined {
  const metric = selectMetric(metrics, name, labels);
  if (metric === undefined) return undefined;
  return metric.kind === "histogram"
    ? metric.points.reduce((sum, point) => sum + point.count, 0)
    : metric.points.reduce((sum, point) => sum + point.value, 0);
}

type Mutable<Record> = { -readonly [Key in keyof Record]: Record[Key] };
type RequestRecord = Mutable<ReceivedRequest>;
type AnyPoint = NumberPoint | HistogramPoint;
type AnyHead = Omit<NumberMetric, "points"> | Omit<HistogramMetric, "points">;

interface MetricStore {
  readonly head: AnyHead;
  readonly points: Map<string, AnyPoint>;
}

interface Batch {
  readonly signal: Signal;
  readonly records: number;
  readonly spans: readonly ReceivedSpan[];
  readonly logs: readonly ReceivedLog[];
  readonly points: readonly { readonly head: AnyHead; readonly point: AnyPoint }[];
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const MOVED = "/moved";
const ACCEPTED: Answer = { status: 200, body: "{}" };
const FIXED_ANSWERS: Partial<Record<ReceiverBehaviour, Answer>> = {
  "4xx": { status: 400, body: rpcStatus("this receiver takes nothing") },
  "404": { status: 404, body: rpcStatus("no such path") },
  "429-retry-after": { status: 429, headers: { "retry-after": "1" }, body: rpcStatus("too many requests") },
  "5xx": { status: 503, body: rpcStatus("unavailable") },
  "500": { status: 500, body: rpcStatus("internal error") },
  garbage: { status: 200, headers: { "content-type": "text/html" }, body: "<html>please log in</html>" },
};
const SIGNALS: Readonly<Record<string, Signal>> = {
  "/v1/traces": "traces",
  "/v1/metrics": "metrics",
  "/v1/logs": "logs",
};
const SPAN_KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"] as const;
const STATUS_CODES = ["UNSET", "OK", "ERROR"] as const;
const SEVERITIES = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const;

const unzip: (bytes: Buffer) => Promise<Buffer> = promisify(gunzip);

function listen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      server.off("listening", listening);
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    };
    const listening = (): void => {
      server.off("error", failed);
      resolve(true);
    };
    server.once("error", failed);
    server.once("listening", listening);
    server.listen(port, "127.0.0.1");
  });
}

function stop(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function openRecord(request: IncomingMessage, behaviour: ReceiverBehaviour): RequestRecord {
  const path = request.url ?? "/";
  return {
    method: request.method ?? "GET",
    path,
    signal: SIGNALS[path.startsWith(MOVED) ? path.slice(MOVED.length) : path],
    behaviour,
    headers: request.headers,
    bytes: 0,
    records: 0,
    status: undefined,
    bytesSent: 0,
    problem: undefined,
    at: now(),
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined; // the client hung up: its exporter timed out or was shut down, which is what the test is about
  }
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, record: RequestRecord, { status, headers, body = "" }: Answer): void {
  record.status = status;
  record.bytesSent = Buffer.byteLength(body);
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body);
}

/** The body of a failure: a google.rpc.Status, as the OTLP specification asks for. */
function rpcStatus(message: string): string {
  return JSON.stringify({ code: 2, message });
}

function partialSuccess(signal: Signal): string {
  const field = { traces: "rejectedSpans", metrics: "rejectedDataPoints", logs: "rejectedLogRecords" }[signal];
  return JSON.stringify({ partialSuccess: { [field]: "1", errorMessage: "the last record was rejected" } });
}

interface Misunderstanding {
  readonly status: number;
  readonly problem: string;
}

async function decode(
  request: IncomingMessage,
  record: RequestRecord,
  body: Buffer,
): Promise<Batch | Misunderstanding> {
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = request.headers;
  if (record.signal === undefined) return { status: 404, problem: `no such path: ${record.path}` };
  if (record.method !== "POST") return { status: 405, problem: `${record.method} is not POST` };
  if (!/^application\/json\b/.test(type)) return { status: 415, problem: `this receiver speaks JSON, not ${type}` };
  if (encoding !== "gzip" && encoding !== "identity") return { status: 415, problem: `unknown encoding ${encoding}` };
  try {
    const text = (encoding === "gzip" ? await unzip(body) : body).toString("utf8");
    return toBatch(record.signal, JSON.parse(text));
  } catch (error) {
    return { status: 400, problem: String(error) };
  }
}

// The wire format, as far as it is read: https://github.com/open-telemetry/opentelemetry-proto, JSON encoding. 64-bit
// numbers come as strings or numbers, and everything may be left out.
type Int64 = string | number | null;
interface WireValue {
  readonly stringValue?: string;
  readonly intValue?: Int64;
  readonly doubleValue?: Int64;
  readonly boolValue?: boolean;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly WireValue[] };
  readonly kvlistValue?: { readonly values?: readonly WireAttribute[] };
}
interface WireAttribute {
  readonly key: string;
  readonly value?: WireValue;
}
interface WireScope {
  readonly name?: string;
  readonly version?: string;
}
interface WireGroup {
  readonly scope?: WireScope;
  readonly schemaUrl?: string;
  readonly spans?: readonly WireSpan[];
  readonly metrics?: readonly WireMetric[];
  readonly logRecords?: readonly WireLog[];
}
interface WireResource {
  readonly resource?: { readonly attributes?: readonly WireAttribute[] };
  readonly scopeSpans?: readonly WireGroup[];
  readonly scopeMetrics?: readonly WireGroup[];
  readonly scopeLogs?: readonly WireGroup[];
}
interface WireRequest {
  readonly resourceSpans?: readonly WireResource[];
  readonly resourceMetrics?: readonly WireResource[];
  readonly resourceLogs?: readonly WireResource[];
}
interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: Int64;
  readonly endTimeUnixNano?: Int64;
  readonly attributes?: readonly WireAttribute[];
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly events?: readonly {
    readonly name?: string;
    readonly timeUnixNano?: Int64;
    readonly attributes?: readonly WireAttribute[];
  }[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes?: readonly WireAttribute[];
  }[];
}
interface WirePoint {
  readonly attributes?: readonly WireAttribute[];
  readonly timeUnixNano?: Int64;
  readonly asInt?: Int64;
  readonly asDouble?: Int64;
  readonly count?: Int64;
  readonly sum?: Int64;
  readonly min?: Int64;
  readonly max?: Int64;
  readonly explicitBounds?: readonly number[];
  readonly bucketCounts?: readonly Int64[];
}
interface WireData {
  readonly dataPoints?: readonly WirePoint[];
  readonly isMonotonic?: boolean;
  readonly aggregationTemporality?: number;
}
interface WireMetric {
  readonly name: string;
  readonly description?: string;
  readonly unit?: string;
  readonly sum?: WireData;
  readonly gauge?: WireData;
  readonly histogram?: WireData;
}
interface WireLog {
  readonly timeUnixNano?: Int64;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: WireValue;
  readonly eventName?: string;
  readonly attributes?: readonly WireAttribute[];
  readonly traceId?: string;
  readonly spanId?: string;
}

function toBatch(signal: Signal, request: WireRequest): Batch {
  const spans = groups(request.resourceSpans, "scopeSpans").flatMap(({ group, origin }) =>
    (group.spans ?? []).map((span) => toSpan(span, origin)),
  );
  const logs = groups(request.resourceLogs, "scopeLogs").flatMap(({ group, origin }) =>
    (group.logRecords ?? []).map((log) => toLog(log, origin)),
  );
  const points = groups(request.resourceMetrics, "scopeMetrics").flatMap(({ group, origin }) =>
    (group.metrics ?? []).flatMap((metric) => toPoints(metric, origin)),
  );
  const records = { traces: spans, metrics: points, logs }[signal].length;
  return { signal, records, spans, logs, points };
}

function groups(
  resources: readonly WireResource[] = [],
  key: "scopeSpans" | "scopeMetrics" | "scopeLogs",
): { group: WireGroup; origin: ReceivedOrigin }[] {
  return resources.flatMap((each) => {
    const resource = toAttributes(each.resource?.attributes);
    return (each[key] ?? []).map((group) => {
      const { name = "", version } = group.scope ?? {};
      const scope = { name, version: filled(version), schemaUrl: filled(group.schemaUrl) };
      return { group, origin: { resource, scope } };
    });
  });
}

function toSpan(span: WireSpan, origin: ReceivedOrigin): ReceivedSpan {
  return {
    ...origin,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: filled(span.parentSpanId),
    name: span.name ?? "",
    kind: SPAN_KINDS[span.kind ?? 0] ?? "UNSPECIFIED",
    status: { code: STATUS_CODES[span.status?.code ?? 0] ?? "UNSET", message: filled(span.status?.message) },
    attributes: toAttributes(span.attributes),
    events: (span.events ?? []).map((event) => ({
      name: event.name ?? "",
      attributes: toAttributes(event.attributes),
      time: BigInt(event.timeUnixNano ?? 0),
    })),
    links: (span.links ?? []).map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      attributes: toAttributes(link.attributes),
    })),
    startNs: BigInt(span.startTimeUnixNano ?? 0),
    endNs: BigInt(span.endTimeUnixNano ?? 0),
  };
}

function toLog(log: WireLog, origin: ReceivedOrigin): ReceivedLog {
  const severityNumber = log.severityNumber ?? 0;
  return {
    ...origin,
    body: toValue(log.body),
    severity: filled(log.severityText) ?? SEVERITIES[Math.ceil(severityNumber / 4) - 1] ?? "UNSPECIFIED",
    severityNumber,
    eventName: filled(log.eventName),
    attributes: toAttributes(log.attributes),
    traceId: filled(log.traceId),
    spanId: filled(log.spanId),
    time: BigInt(log.timeUnixNano ?? 0),
  };
}

function toPoints(metric: WireMetric, { resource, scope }: ReceivedOrigin): Batch["points"] {
  const { name, unit = "", description = "" } = metric;
  const data = metric.sum ?? metric.gauge ?? metric.histogram;
  if (data === undefined) throw new Error(`the metric ${name} is no sum, gauge or explicit-bucket histogram`);
  const temporality = ([undefined, "delta", "cumulative"] as const)[data.aggregationTemporality ?? 0];
  const common = { name, unit, description, scope, temporality };
  const base = (point: WirePoint): ReceivedPoint => ({
    attributes: toAttributes(point.attributes),
    resource,
    timeNs: BigInt(point.timeUnixNano ?? 0),
  });
  if (metric.histogram !== undefined) {
    const head: AnyHead = { ...common, kind: "histogram", monotonic: false };
    return (data.dataPoints ?? []).map((point) => ({ head, point: { ...base(point), ...toBuckets(point) } }));
  }
  const kind = metric.sum === undefined ? "gauge" : "sum";
  const head: AnyHead = { ...common, kind, monotonic: data.isMonotonic ?? false };
  return (data.dataPoints ?? []).map((point) => {
    return { head, point: { ...base(point), value: toNumber(point.asInt ?? point.asDouble ?? null) } };
  });
}

function toBuckets(point: WirePoint): Omit<HistogramPoint, keyof ReceivedPoint> {
  return {
    count: toNumber(point.count ?? 0),
    sum: toNumber(point.sum === undefined ? 0 : point.sum),
    min: point.min === undefined ? undefined : toNumber(point.min),
    max: point.max === undefined ? undefined : toNumber(point.max),
    bounds: point.explicitBounds ?? [],
    bucketCounts: (point.bucketCounts ?? []).map(toNumber),
  };
}

function toMetric({ head, points }: MetricStore): ReceivedMetric {
  // A store's points are of its head's kind: a name that changes its kind is a bug that the casts must not hide.
  const all = [...points.values()];
  if (all.some((point) => "count" in point !== (head.kind === "histogram"))) {
    throw new Error(`the metric ${head.name} came both as a histogram and as a number`);
  }
  return head.kind === "histogram"
    ? { ...head, points: all as HistogramPoint[] }
    : { ...head, points: all as NumberPoint[] };
}

function toAttributes(attributes: readonly WireAttribute[] = []): ReceivedAttributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, toValue(value)]));
}

function toValue(value: WireValue | undefined): AttributeValue {
  if (value?.stringValue !== undefined) return value.stringValue;
  if (value?.boolValue !== undefined) return value.boolValue;
  if (value?.intValue !== undefined) return toNumber(value.intValue);
  if (value?.doubleValue !== undefined) return toNumber(value.doubleValue);
  if (value?.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(toValue);
  if (value?.kvlistValue !== undefined) return toAttributes(value.kvlistValue.values);
  return value?.bytesValue ?? null;
}

/** JSON has no NaN and no Infinity: the exporter writes both as null. */
function toNumber(value: Int64): number {
  return value === null ? Number.NaN : Number(value);
}

function filled(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function seriesKey({ attributes, resource }: ReceivedPoint): string {
  const sorted = (all: ReceivedAttributes): unknown => Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted(attributes), sorted(resource)]);
}

function carries(attributes: ReceivedAttributes, labels: ReceivedAttributes): boolean {
  return Object.entries(labels).every(([key, value]) => attributes[key] === value);
}
