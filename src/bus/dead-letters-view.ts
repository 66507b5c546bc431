import type { DeadLetters } from "../delivery/dead-letter.ts";
import { type ReplayHost, replayDeadLetter } from "../delivery/replay.ts";
import type { BusCore } from "./bus-core.ts";

/** The dead letters of a bus as its users see them: to inspect, remove and replay. */
export function deadLettersOf(core: BusCore, findSubscriptions: ReplayHost["findSubscriptions"]): DeadLetters {
  const { deadLetters } = core;
  const intakeProblem = () => core.intakeProblem(undefined, undefined);
  return {
    get size() {
      return deadLetters.size;
    },
    list: (filter) => deadLetters.list(filter),
    get: (id) => deadLetters.get(id),
    remove: (id) => deadLetters.remove(id),
    replay: async (id) => replayDeadLetter({ host: core, deadLetters, findSubscriptions, intakeProblem }, id),
  };
}
