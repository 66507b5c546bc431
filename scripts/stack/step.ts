import { spawn } from "node:child_process";
import { chmod, copyFile, mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { ToolPin } from "./pins.ts";
import { toolPath } from "./tools.ts";

/** A step of the install failed; `remedy` says what to do about it. */
export class StepError extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StepError";
    this.remedy = remedy;
  }
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end and resolves with what it printed; rejects with the end of it when it fails. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (exitCode === 0) return output;
  const lastLines = output.trim().split("\n").slice(-6).join("\n");
  throw new Error(`${program} ${args[0] ?? ""} ended with ${exitCode ?? "a signal"}:\n${lastLines}`);
}

/** Whether `program` can be started here. */
export async function canRun(program: string, args: readonly string[]): Promise<boolean> {
  return await runCommand(program, args).then(
    () => true,
    () => false,
  );
}

/** Puts a program into the cache, after it has said that it is the version it should be: all of it or nothing. */
export async function keepTool(pin: ToolPin, program: string): Promise<void> {
  await chmod(program, 0o755);
  const answer = await runCommand(program, pin.versionArguments).catch((error: unknown) => {
    throw new StepError(
      `${pin.name} ${pin.version} does not run here: ${messageOf(error)}`,
      "the package may need a newer C library than this system has; build it with Go, or leave it out",
      { cause: error },
    );
  });
  if (!answer.includes(pin.version)) {
    throw new StepError(
      `${pin.name} should be ${pin.version} and calls itself ${answer.split("\n")[0]}`,
      "mend the pin in scripts/stack/pins.ts",
    );
  }
  const target = toolPath(pin);
  await rm(dirname(target), { recursive: true, force: true });
  await mkdir(dirname(target), { recursive: true });
  await copyFile(program, `${target}.part`);
  await chmod(`${target}.part`, 0o755);
  await rename(`${target}.part`, target);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
