/** One series of an answer, with its values in time; an instant query gives one. */
export interface PromSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

/** An alert as Prometheus sees it. */
export interface PromAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: "pending" | "firing";
}

export interface PromRange {
  /** Seconds since the Unix epoch. */
  readonly start: number;
  readonly end: number;
  readonly stepSeconds: number;
}

/** The HTTP API of a real Prometheus. */
export class PrometheusApi {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** The value of `expr` now. @throws with what Prometheus says is wrong with it */
  async query(expr: string, at?: number): Promise<readonly PromSeries[]> {
    return await this.#ask("query", { query: expr, ...(at !== undefined && { time: String(at) }) });
  }

  /** The sum of all series of `expr` now; 0 when there are none. */
  async sum(expr: string): Promise<number> {
    const series = await this.query(`sum(${expr})`);
    return series[0]?.values[0] ?? 0;
  }

  /** The values of `expr` over time. */
  async queryRange(expr: string, { start, end, stepSeconds }: PromRange): Promise<readonly PromSeries[]> {
    return await this.#ask("query_range", {
      query: expr,
      start: String(start),
      end: String(end),
      step: String(stepSeconds),
    });
  }

  /** The values a label has among the series that match. */
  async labelValues(label: string, match: string): Promise<readonly string[]> {
    return (await this.#get(`label/${label}/values?${new URLSearchParams({ "match[]": match })}`)) as string[];
  }

  async alerts(): Promise<readonly PromAlert[]> {
    return ((await this.#get("alerts")) as { alerts: PromAlert[] }).alerts;
  }

  /** Rules whose last evaluation went wrong, with why. */
  async brokenRules(): Promise<readonly string[]> {
    const { groups } = (await this.#get("rules")) as {
      groups: readonly { rules: readonly { name: string; health: string; lastError?: string }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    return rules.filter(({ health }) => health === "err").map(({ name, lastError }) => `${name}: ${lastError}`);
  }

  async #ask(endpoint: string, form: Readonly<Record<string, string>>): Promise<readonly PromSeries[]> {
    const response = await fetch(`${this.#url}/api/v1/${endpoint}`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    const { result } = dataOf(await response.json()) as {
      result: readonly { metric: Record<string, string>; value?: [number, string]; values?: [number, string][] }[];
    };
    return result.map(({ metric, value, values }) => ({
      metric,
      values: (values ?? (value ? [value] : [])).map(([, text]) => Number(text)),
    }));
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    return dataOf(await response.json());
  }
}

function dataOf(answer: unknown): unknown {
  const { status, data, error } = answer as { status: string; data: unknown; error?: string };
  if (status !== "success") throw new Error(`Prometheus says: ${error}`);
  return data;
}
