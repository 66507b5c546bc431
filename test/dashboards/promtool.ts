import { execFile } from "node:child_process";
import { stackTool } from "../../scripts/stack/tools.ts";

/** Where promtool is; undefined until `npm run stack:install` has run. */
export const PROMTOOL: string | undefined = stackTool("promtool");

/** How a run of promtool ended, and all that it printed. */
export interface PromtoolResult {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs promtool. */
export function promtool(...args: readonly string[]): Promise<PromtoolResult> {
  return new Promise((resolve, reject) => {
    execFile(PROMTOOL ?? "promtool", args, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode === "number") resolve({ exitCode, output: stdout + stderr });
      else reject(error);
    });
  });
}
