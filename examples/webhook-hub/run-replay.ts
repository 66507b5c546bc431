import type { Settings } from "./command-line.ts";
import { sendIntruders } from "./replay/intruders.ts";
import { loadRecordings } from "./replay/recordings.ts";
import { replay } from "./replay/replay.ts";
import { ProgressBar } from "./report/progress-bar.ts";
import { reportText } from "./report/report.ts";
import { isFlawless, recordRun } from "./report/run-record.ts";
import type { Screen } from "./report/screen.ts";
import { count, plural } from "./report/text.ts";
import { startService } from "./service.ts";

/** Replays all recorded webhooks, then prints the report. Resolves with the exit code. */
export async function runReplay(settings: Settings, screen: Screen): Promise<number> {
  const startedAt = performance.now();
  const recordings = await loadRecordings();
  const types = new Set(recordings.map((recording) => recording.event)).size;
  const what = `${count(recordings.length)} real GitHub webhooks of ${types} event types, over HTTP,`;
  const service = await startService(settings);
  const { hub, url, secret, answers, traces, collector, links } = service;
  screen.write(`webhook-hub at ${url}: replaying ${count(recordings.length)} webhooks\n`);

  const progress = new ProgressBar(screen, recordings.length, () => {
    const open = hub.journal.settle();
    return `${count(hub.journal.settled)} deliveries, ${plural(open, "event")} in flight`;
  });
  const options = { url, secret, seed: settings.seed };
  const genuine = await replay(recordings, { ...options, onAnswer: () => progress.advance() });
  const intruders = await sendIntruders(recordings, options);
  const telemetry = await service.stop();
  progress.end();

  const surprises = [...genuine.surprises, ...intruders.surprises];
  const durationMs = performance.now() - startedAt;
  const run = recordRun({ what, durationMs, surprises, telemetry, collector, links, hub, answers, traces });
  screen.write(reportText(run, screen));
  return isFlawless(run) ? 0 : 1;
}
