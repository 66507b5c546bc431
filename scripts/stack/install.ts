import { installFromDebian } from "./debian.ts";
import { buildWithGo, hasGo } from "./go.ts";
import { messageOf, StepError } from "./step.ts";
import { stackCache } from "./tools.ts";

const USAGE = `npm run stack:install [-- --only debian|go]
Gets the real servers of docker-compose.otel.yml without Docker, into ${stackCache()}:
  debian   promtool, amtool, docker compose: seconds, from Debian's newer suites
  go       Prometheus, promtool, Alertmanager, Jaeger: built from their Go modules, some 10 minutes on two cores`;

const STEPS: Readonly<Record<string, () => Promise<void>>> = {
  debian: () => installFromDebian(say),
  go: async () => {
    if (await hasGo()) return await buildWithGo(say);
    throw new StepError(
      "there is no Go here, so Prometheus, Alertmanager and Jaeger are not built",
      "install Go 1.25 or newer",
    );
  },
};

/** Runs each step, whatever became of the others; resolves with the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const only = args[0] === "--only" ? args[1] : undefined;
  if (args.length > 0 && (only === undefined || !(only in STEPS))) {
    console.error(USAGE);
    return 2;
  }
  let exitCode = 0;
  for (const [name, step] of Object.entries(STEPS)) {
    if (only !== undefined && only !== name) continue;
    try {
      await step();
    } catch (error) {
      exitCode = 1;
      console.error(`stack:install, step ${name}: ${messageOf(error)}`);
      if (error instanceof StepError) console.error(`  remedy: ${error.remedy}`);
    }
  }
  return exitCode;
}

function say(line: string): void {
  console.log(line);
}

process.exitCode = await main(process.argv.slice(2));
