import type { OtlpReceiver } from "../support/otlp-receiver.ts";
import { type ProgramResult, runProgram } from "../support/run-program.ts";
import type { Sdk2Application } from "./sdk-2-application.ts";
import { type ShopOptions, type ShopOutput, shopProgram } from "./shop-program.ts";

export interface ShopRun {
  readonly program: ProgramResult;
  readonly output: ShopOutput;
}

export interface ShopSurroundings {
  /** Added to the environment that points the shop at the receiver. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs, if not beside the repository's own packages. */
  readonly application?: Sdk2Application | undefined;
}

/** Runs the shop against the receiver; throws unless it ends well. */
export async function runShop(
  receiver: OtlpReceiver,
  options: ShopOptions,
  { env = {}, application }: ShopSurroundings = {},
): Promise<ShopRun> {
  const run = application === undefined ? runProgram : application.run;
  const program = await run(shopProgram(options), {
    env: { ...environment(receiver, options), ...env },
    importFlags: options.sdk === "register" ? ["spanbus/register"] : [],
  });
  if (program.exitCode !== 0) throw new Error(`the program ended with ${program.exitCode}:\n${program.stderr}`);
  return { program, output: JSON.parse(program.stdout) as ShopOutput };
}

function environment(receiver: OtlpReceiver, { own, sampler }: ShopOptions): Record<string, string> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_SERVICE_NAME: "shop",
    ...(own === "NodeSDK" ? { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" } : undefined), // it would send protobuf
    ...(sampler === undefined ? undefined : { OTEL_TRACES_SAMPLER: sampler }),
  };
}
