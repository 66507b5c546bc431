import { stopOnSignals } from "spanbus";
import type { Settings } from "./command-line.ts";
import { loadRecordings } from "./replay/recordings.ts";
import { SteadyReplay } from "./replay/steady-replay.ts";
import { LiveLog } from "./report/live-log.ts";
import { reportText } from "./report/report.ts";
import { isFlawless, recordRun } from "./report/run-record.ts";
import type { Screen } from "./report/screen.ts";
import { plural } from "./report/text.ts";
import { type Service, startService } from "./service.ts";
import { stopWhenOrphaned } from "./stop-when-orphaned.ts";

/** Takes webhooks until SIGINT or SIGTERM, then prints the report. Resolves with the exit code. */
export async function runService(settings: Settings, screen: Screen): Promise<number> {
  const startedAt = performance.now();
  const recordings = await loadRecordings();
  const service = await startService(settings);
  const { hub, answers, traces, collector, links, url, secret } = service;
  const steady = new SteadyReplay(recordings, { url, secret, seed: settings.seed, rate: settings.rate });
  screen.write(greeting(service, settings));
  const housekeeping = setInterval(() => hub.journal.settle(), 1_000);
  const live = screen.isLive ? watch(service, screen) : undefined;

  const stopIntake = async (): Promise<void> => {
    live?.end();
    screen.write("\nstopping: no more webhooks; finishing what is in flight\n");
    await steady.stop();
    await service.closeServer();
  };
  const report = async (): Promise<boolean> => {
    clearInterval(housekeeping);
    const what = `${plural(steady.sent, "webhook")} replayed, and what others sent,`;
    const { surprises } = steady;
    const durationMs = performance.now() - startedAt;
    const telemetry = await service.telemetry.shutdown(); // which was done: the report of it
    const run = recordRun({ what, durationMs, surprises, telemetry, collector, links, hub, answers, traces });
    screen.write(reportText(run, screen));
    return isFlawless(run);
  };

  return await new Promise((resolve) => {
    let wasFlawless = false;
    stopOnSignals({
      buses: [hub.bus],
      telemetry: service.telemetry,
      logger: service.logger,
      beforeDrain: stopIntake,
      onStopped: async () => {
        wasFlawless = await report();
      },
      exit: (exitCode) => {
        if (exitCode > 1) process.exit(exitCode); // asked twice
        resolve(wasFlawless ? exitCode : 1);
      },
    });
    void stopWhenOrphaned();
  });
}

function watch({ hub, answers }: Service, screen: Screen): LiveLog {
  const live = new LiveLog(screen);
  answers.listen((answer) => live.answer(answer));
  hub.bus.onError((failure) => live.failure(failure));
  return live;
}

function greeting({ url, secret, collector }: Service, { rate, secret: given }: Settings): string {
  const key = given === undefined ? `export WEBHOOK_SECRET=${secret}` : "# WEBHOOK_SECRET as this service has it";
  const replay = rate === 0 ? "replaying nothing" : `replaying ${plural(rate, "webhook")} a second`;
  return `webhook-hub takes webhooks at ${url}
${replay}; telemetry ${collector === undefined ? "stays here" : `goes to ${collector}`}; Ctrl-C prints the report

Send one yourself:

  ${key}
  body='{"action":"opened","issue":{"number":7,"title":"It works"},"repository":{"full_name":"me/hello"}}'
  signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$WEBHOOK_SECRET" | sed 's/^.* //')
  curl -i ${url} -H 'content-type: application/json' \\
    -H 'x-github-event: issues' -H "x-github-delivery: $(openssl rand -hex 16)" \\
    -H "x-hub-signature-256: sha256=$signature" --data-binary "$body"

`;
}
