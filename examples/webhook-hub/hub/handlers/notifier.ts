import { runAction } from "../action.ts";
import type { HubHandler, Webhook } from "../catalog.ts";
import { eventTypeOf } from "../event-type.ts";
import type { Journal } from "../journal.ts";
import type { Remote } from "../remote.ts";

/** Tells the people who want to know: one message for each event. */
export function notifier(chat: Remote, journal: Journal): HubHandler {
  return async ({ name, data, correlationId }, ctx) => {
    const text = notificationText(eventTypeOf(name), data);
    await runAction({ name: "notify", ctx, journal, input: text }, () =>
      chat.call({ key: correlationId, attempt: ctx.attempt, signal: ctx.signal }),
    );
    ctx.log.info({ text }, "notified");
  };
}

const MAX_TEXT = 200;

/** `octocat opened issues #7 "It is broken" in octo/hello`, as far as the payload says. */
export function notificationText(type: string, data: Webhook): string {
  const { number, title, tag_name: tag } = fieldsOf(data[SUBJECTS[type] ?? type]);
  const parts = [
    data.sender?.login ?? "someone",
    data.action,
    type,
    typeof number === "number" ? `#${number}` : typeof tag === "string" ? tag : undefined,
    typeof title === "string" ? JSON.stringify(title) : undefined,
    data.repository?.full_name ? `in ${data.repository.full_name}` : undefined,
  ];
  return parts.filter(Boolean).join(" ").slice(0, MAX_TEXT);
}

/** Where an event's subject is not in the field that bears the event's name. */
const SUBJECTS: Readonly<Record<string, string>> = { issues: "issue" };

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
