import type { Contestant } from "./contestant.ts";
import { direct } from "./contestants/direct.ts";
import { nodeEmitter, nodeEmitterWrapped } from "./contestants/node-emitter.ts";
import { spanbus, spanbusNotAmbient, spanbusOwnSdk } from "./contestants/spanbus.ts";
import { tutorial } from "./contestants/tutorial.ts";
import { effect } from "./peers/effect.ts";
import { emittery, emitteryWrapped } from "./peers/emittery.ts";
import { eventEmitter2, eventEmitter2Async, eventEmitter2Wrapped } from "./peers/eventemitter2.ts";
import { moleculer } from "./peers/moleculer.ts";
import { cqrs, cqrsWrapped } from "./peers/nest-cqrs.ts";
import { nestEventEmitter, nestEventEmitterWrapped } from "./peers/nest-event-emitter.ts";

/** Everybody who takes part. */
export const CONTESTANTS: readonly Contestant[] = [
  spanbus,
  spanbusNotAmbient,
  spanbusOwnSdk,
  direct,
  tutorial,
  nodeEmitter,
  nodeEmitterWrapped,
  emittery,
  emitteryWrapped,
  eventEmitter2,
  eventEmitter2Async,
  eventEmitter2Wrapped,
  nestEventEmitter,
  nestEventEmitterWrapped,
  cqrs,
  cqrsWrapped,
  moleculer,
  effect,
];

export function findContestant(name: string): Contestant {
  const found = CONTESTANTS.find((each) => each.name === name);
  if (found === undefined)
    throw new Error(`no contestant "${name}": ${CONTESTANTS.map((each) => each.name).join(", ")}`);
  return found;
}
