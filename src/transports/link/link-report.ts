import type { Logger } from "../../logger.ts";
import { LOG_EVENTS } from "../../telemetry/semconv.ts";
import type { UnsettledEnvelope } from "../transport.ts";
import type { LinkSettings } from "./options.ts";

/** How a link ended. */
export interface LinkReport {
  /** What was received and what was being sent ended by itself, and `unsettled` is empty. */
  readonly isComplete: boolean;
  /**
   * What a `volatile` transport held for this link alone, received or not, that had not been handled: it is lost, unless
   * somebody of its group subscribes again while the engine lives. Any other transport hands it over again.
   */
  readonly unsettled: readonly UnsettledEnvelope[];
}

/** Envelopes that the line names; the report has them all. */
const MAX_NAMED = 100;

/** Writes the line about a link that left something behind, or was ended by others. */
export function writeLinkLine(
  logger: Logger,
  { receive, group }: Pick<LinkSettings, "receive" | "group">,
  {
    unsettled,
    endedBy,
  }: { readonly unsettled: readonly UnsettledEnvelope[]; readonly endedBy: "link" | "bus" | "transport" },
): void {
  const events = unsettled.slice(0, MAX_NAMED).map(({ envelope: { id, name, correlationId } }) => {
    return { event_id: id, event_name: name, correlation_id: correlationId };
  });
  const fields = {
    event: LOG_EVENTS.linkEnded,
    ended_by: endedBy,
    pattern: receive,
    group,
    unsettled_count: unsettled.length,
    unsettled: events,
  };
  const who = `the link that receives "${receive}"${group === undefined ? "" : ` for "${group}"`}`;
  const what = endedBy === "transport" ? `${who} receives no more: its transport was closed` : `${who} has ended`;
  const left = unsettled.length === 0 ? "" : `; ${unsettled.length} that it had not handled are left to nobody`;
  logger.warn(fields, `${what}${left}`);
}
