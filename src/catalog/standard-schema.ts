/**
 * A schema of any library that implements Standard Schema v1 (zod, valibot, arktype, …), or one written by hand. This
 * is the specification's interface, restated so that spanbus depends on no schema package: https://standardschema.dev
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly "~standard": StandardSchemaV1.Props<Input, Output>;
}

// biome-ignore lint/style/noNamespace: the specification's own form, types only; users know `StandardSchemaV1.Result`
export declare namespace StandardSchemaV1 {
  /** What a schema keeps under `~standard`. */
  interface Props<Input = unknown, Output = Input> {
    readonly version: 1;
    /** The name of the schema library. */
    readonly vendor: string;
    /** Returns the parsed value, or the issues: the specification wants them returned, not thrown. */
    readonly validate: (value: unknown) => Result<Output> | Promise<Result<Output>>;
    /** Carries the types; absent at run time. */
    readonly types?: Types<Input, Output> | undefined;
  }

  type Result<Output> = SuccessResult<Output> | FailureResult;

  interface SuccessResult<Output> {
    readonly value: Output;
    readonly issues?: undefined;
  }

  interface FailureResult {
    readonly issues: readonly Issue[];
  }

  /** One mismatch between a value and a schema. */
  interface Issue {
    readonly message: string;
    /** Keys from the root of the value to the mismatch. */
    readonly path?: readonly (PropertyKey | PathSegment)[] | undefined;
  }

  interface PathSegment {
    readonly key: PropertyKey;
  }

  interface Types<Input = unknown, Output = Input> {
    readonly input: Input;
    readonly output: Output;
  }

  /** What a schema accepts; `unknown` for what is no schema. */
  type InferInput<Schema> = Schema extends StandardSchemaV1<infer Input, infer _Output> ? Input : unknown;

  /** What a schema makes of it; `unknown` for what is no schema. */
  type InferOutput<Schema> = Schema extends StandardSchemaV1<infer _Input, infer Output> ? Output : unknown;
}
