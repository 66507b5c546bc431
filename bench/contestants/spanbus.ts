import type { Contestant, Handler, Publish } from "../contestant.ts";
import { loadSpanbus } from "../measure/built-package.ts";
import { silentLogger } from "../measure/silent-logger.ts";
import { DATA, EVENT_NAME, patternOf, type Scenario } from "../scenario.ts";

/** The bus of this repository, as it was built. */
export const spanbus: Contestant = variant("spanbus", "startTelemetry", { ambient: true });
/** Without the context switch that lets a plain `bus.publish` in a handler inherit correlation. */
export const spanbusNotAmbient: Contestant = variant("spanbus ambient:false", "startTelemetry", { ambient: false });
/** With an SDK of the user's own: durations go through the API's histograms. */
export const spanbusOwnSdk: Contestant = variant("spanbus, own SDK", "own", { ambient: true });

function variant(name: string, sdk: "startTelemetry" | "own", options: { readonly ambient: boolean }): Contestant {
  const setUp = async (scenario: Scenario, handlers: readonly Handler[]): Promise<Publish> => {
    const { EventBus } = await loadSpanbus();
    const bus = new EventBus({ source: "bench", logger: silentLogger, ...options });
    for (const [index, handler] of handlers.entries()) {
      bus.subscribe(patternOf(scenario), handler, { name: `handler-${index}` });
    }
    return () => bus.publish(EVENT_NAME, DATA);
  };
  return { name, sdk, isolates: true, awaits: true, wildcards: true, setUp };
}
