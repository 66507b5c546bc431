import { readSettings, type Settings, USAGE, UsageError } from "./command-line.ts";
import { screenOf } from "./report/screen.ts";
import { runReplay } from "./run-replay.ts";
import { runService } from "./run-service.ts";

process.stdout.on("error", () => process.exit(1)); // the reader went away: `npm start | head`

/** Runs the command line; resolves with the exit code. */
async function main(): Promise<number> {
  const settings = settingsOrProblem();
  if (typeof settings === "string") return fail(`${settings}\nnpm start -- --help tells what there is`, 2);
  const screen = screenOf(process.stdout);
  if (settings.mode === "help") {
    screen.write(USAGE);
    return 0;
  }
  try {
    return await (settings.mode === "serve" ? runService(settings, screen) : runReplay(settings, screen));
  } catch (error) {
    const { code, message, stack } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE" || code === "EACCES") return fail(`port ${settings.port} cannot be had: ${message}`, 1);
    return fail(stack ?? message, 1);
  }
}

function settingsOrProblem(): Settings | string {
  try {
    return readSettings(process.argv.slice(2), process.env);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

function fail(text: string, exitCode: number): number {
  process.stderr.write(`webhook-hub: ${text}\n`);
  return exitCode;
}

process.exitCode = await main();
