import type { TransportCapabilities } from "../../transports/transport.ts";
import type { CaseWorld } from "./case-world.ts";

/** What a transport can claim. */
export type TransportCapability = keyof TransportCapabilities;

/** One case of the suite: a sentence, what a transport has to claim for it, and the proof. */
export interface CaseDefinition {
  readonly name: string;
  /** All of them; none for what every transport does. */
  readonly needs?: readonly TransportCapability[];
  /** Throws where the transport does not do what the name says. */
  readonly run: (world: CaseWorld) => Promise<void>;
}
