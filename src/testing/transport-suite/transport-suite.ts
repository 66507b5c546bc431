import { OptionCheck } from "../../check.ts";
import type { TransportCapabilities } from "../../transports/transport.ts";
import type { CaseDefinition, TransportCapability } from "./case-definition.ts";
import { type CaseLimits, CaseWorld, type TransportSetup } from "./case-world.ts";
import { CLOSING_CASES } from "./cases/closing.ts";
import { CONTEXT_CASES } from "./cases/context.ts";
import { GROUP_CASES } from "./cases/groups.ts";
import { HOSTILE_INPUT_CASES } from "./cases/hostile-input.ts";
import { LOSS_CASES } from "./cases/loss.ts";
import { PUBLISHING_CASES } from "./cases/publishing.ts";
import { ROOM_CASES } from "./cases/room.ts";
import { SETTLING_CASES } from "./cases/settling.ts";
import { SURVIVAL_CASES } from "./cases/survival.ts";
import { within } from "./deadline.ts";

/** Options of {@link transportSuite}. */
export interface TransportSuiteOptions {
  /** What the transport claims; a case holds it against what the transport says of itself. */
  readonly capabilities: TransportCapabilities;
  /** Called for each case: a fresh engine, or the one that is running, as every case has names and groups of its own. */
  readonly start: () => TransportSetup | PromiseLike<TransportSetup>;
  /** Longest wait for what has to come, in real milliseconds. @default 5000 */
  readonly waitMs?: number | undefined;
  /** How long nothing comes where nothing may, in real milliseconds. @default 50 */
  readonly quietMs?: number | undefined;
  /** How many envelopes the larger cases send. @default 100 */
  readonly envelopes?: number | undefined;
  /** How many envelopes it holds at most for a subscription that settles nothing, where it claims a bound. @default 1000 */
  readonly capacity?: number | undefined;
}

/** One case, for any test runner: `it(name, run)`. */
export interface TransportCase {
  /** A sentence; the same in every run. */
  readonly name: string;
  /** What a transport claims to be given this case; none for what every transport does. */
  readonly needs: readonly TransportCapability[];
  /** Rejects with an `AssertionError` where the transport does not do what the name says. */
  readonly run: () => Promise<void>;
}

/** The suite for one transport. */
export interface TransportSuite {
  readonly cases: readonly TransportCase[];
  /** What the transport does not claim: neither run nor passed. Print them: `it.todo(name)`. */
  readonly unclaimed: readonly Pick<TransportCase, "name" | "needs">[];
}

const DEFINITIONS: readonly CaseDefinition[] = [
  ...PUBLISHING_CASES,
  ...SETTLING_CASES,
  ...GROUP_CASES,
  ...CLOSING_CASES,
  ...CONTEXT_CASES,
  ...HOSTILE_INPUT_CASES,
  ...ROOM_CASES,
  ...SURVIVAL_CASES,
  ...LOSS_CASES,
];

/**
 * The conformance suite for transports: the same cases for every engine, those it claims to pass. Cases are independent
 * of each other and of the test runner, and may run side by side.
 *
 * @throws BusError `INVALID_OPTION`
 * @example
 * const { cases, unclaimed } = transportSuite({ capabilities, start: () => ({ connect: () => connectTo(server) }) });
 * for (const { name, run } of cases) it(name, run);
 * for (const { name } of unclaimed) it.todo(name);
 */
export function transportSuite(options: TransportSuiteOptions): TransportSuite {
  const { capabilities, start } = options;
  const limits = checkedLimits(options);
  const isClaimed = ({ needs = [] }: CaseDefinition): boolean => needs.every((each) => capabilities[each]);
  const runCase = async (definition: CaseDefinition): Promise<void> => {
    const world = new CaseWorld(await start(), capabilities, limits);
    const { waitMs } = limits;
    try {
      await within(definition.run(world), 4 * waitMs, () => "the case did not end: a call of the transport hangs");
    } catch (error) {
      await world.end().catch(() => undefined); // what failed first is what to tell
      throw error;
    }
    await world.end();
  };
  const toCase = (definition: CaseDefinition): TransportCase => {
    return { name: definition.name, needs: definition.needs ?? [], run: () => runCase(definition) };
  };
  const unclaimed = DEFINITIONS.filter((each) => !isClaimed(each));
  return {
    cases: DEFINITIONS.filter(isClaimed).map(toCase),
    unclaimed: unclaimed.map(({ name, needs = [] }) => ({ name, needs })),
  };
}

function checkedLimits(options: TransportSuiteOptions): CaseLimits {
  const known = ["capabilities", "start", "waitMs", "quietMs", "envelopes", "capacity"];
  const check = new OptionCheck("transportSuite", options, known);
  check.object("capabilities");
  check.function("start");
  check.timer("waitMs", 1);
  check.timer("quietMs", 1);
  check.number("envelopes", { min: 10, max: 100_000, integer: true });
  check.number("capacity", { min: 1, max: 1_000_000, integer: true });
  const { waitMs = 5000, quietMs = 50, envelopes = 100, capacity = 1000 } = options;
  return { waitMs, quietMs, envelopes, capacity };
}
