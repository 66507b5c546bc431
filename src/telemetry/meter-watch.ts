import * as api from "@opentelemetry/api";
import { attachMetrics } from "./metrics.ts";
import { API_GLOBAL, type ApiGlobal } from "./registered.ts";

// taken at load time: a test's fake timers must not find a timer that never ends
const { setInterval: startTimer, clearInterval: stopTimer } = globalThis;
const INTERVAL_MS = 1000;
let timer: NodeJS.Timeout | undefined;

/**
 * Looks once a second for a meter provider, until there is one: the API tells nobody when an SDK starts, and a process
 * that has stopped publishing by then has counts to show all the same. Never keeps the process alive.
 */
export function watchMeterProvider(): void {
  if (timer !== undefined) return;
  timer = startTimer(() => {
    if ((globalThis as ApiGlobal)[API_GLOBAL]?.metrics === undefined) return;
    stopTimer(timer);
    timer = undefined;
    try {
      attachMetrics(api.metrics.getMeterProvider());
    } catch {
      // a broken provider: the next publish meets it too, and counts it
    }
  }, INTERVAL_MS);
  timer.unref();
}
