import { type BusEvent, type Catalog, defineEvents, type EventBus, type HandlerContext, systemEvents } from "spanbus";
import { z } from "zod";

/** What the payloads of all GitHub events have in common; every other field is kept as it came. */
export interface Webhook {
  readonly action?: string | null | undefined;
  readonly repository?: { readonly full_name?: string | null | undefined } | null | undefined;
  readonly sender?: { readonly login?: string | null | undefined } | null | undefined;
  readonly [field: string]: unknown;
}

/** The hub's events: GitHub's by name, two families for those that have no entry of their own, and the system events. */
export type HubCatalog = typeof systemEvents & Catalog<Record<GitHubEvent, { input: Webhook; output: Webhook }>>;

type GitHubEvent =
  | "github.{event}"
  | "github.{event}.{action}"
  | "github.push"
  | `github.${"issues" | "issue_comment" | "pull_request" | "release"}.{action}`
  | `github.${"check_run" | "check_suite" | "workflow_run" | "workflow_job"}.{action}`;

export type HubBus = EventBus<HubCatalog>;
export type HubContext = HandlerContext<HubBus["publish"]>;

/** A handler of webhooks, or of other events with `Data`. */
export type HubHandler<Data = Webhook> = (event: BusEvent<string, Data>, ctx: HubContext) => void | Promise<void>;

// Strings that become span attributes are bounded: whoever holds the secret writes them.
const account = z.looseObject({ login: z.string().max(100).nullish() });
const repository = z.looseObject({ full_name: z.string().max(200).nullish(), owner: account.nullish() });
const numbered = z.looseObject({ number: z.int() });
const anything = z.looseObject({});

/** As loose as GitHub: old payloads, Enterprise Server and trimmed fixtures pass; other types than GitHub's do not. */
const webhook = z.looseObject({
  action: z.string().nullish(),
  repository: repository.nullish(),
  sender: account.nullish(),
  organization: account.nullish(),
  installation: anything.nullish(),
});

/** What all have in common, and fields that one event must have on top. */
function webhookWith(fields: z.ZodRawShape): z.ZodType<Webhook, Webhook> {
  return webhook.extend(fields);
}

const about = {
  "github.repository": (data: Webhook) => data.repository?.full_name ?? undefined,
  "github.sender": (data: Webhook) => data.sender?.login ?? undefined,
};

const person = (path: string): string[] => [`${path}.author.email`, `${path}.committer.email`];

/** GitHub sends e-mail addresses of people who never heard of this hub. */
const sensitive = [
  "sender.email",
  "pusher.email",
  "repository.owner.email",
  "marketplace_purchase.account.organization_billing_email",
  "previous_marketplace_purchase.account.organization_billing_email",
  ...["head_commit", "commits", "commit.commit", "check_suite.head_commit"].flatMap(person),
  ...["workflow_run.head_commit", "merge_group.head_commit"].flatMap(person),
];

const common = { attributes: about, sensitive };

/** A person waits for these: a notification is late after a quarter of a second. */
const slo = { success: 0.99, latency: { withinMs: 250, ratio: 0.95 } };

const numberOf = (field: string) => (data: Webhook) => (data[field] as { number: number }).number;

export const events: HubCatalog = defineEvents({
  ...systemEvents,
  "github.{event}": { ...common, schema: webhook, description: "A GitHub event that has no action." },
  "github.{event}.{action}": { ...common, schema: webhook, description: "Any other GitHub event." },
  "github.push": {
    ...common,
    schema: webhookWith({ ref: z.string().max(300), commits: z.array(anything) }),
    attributes: { ...about, "github.commits": (data: Webhook) => (data.commits as readonly unknown[]).length },
    description: "Commits, a branch or a tag were pushed.",
  },
  "github.issues.{action}": {
    sensitive,
    slo,
    schema: webhookWith({ issue: numbered }),
    attributes: { ...about, "github.number": numberOf("issue") },
    description: "Something happened to an issue.",
  },
  "github.issue_comment.{action}": {
    ...common,
    schema: webhookWith({ issue: numbered, comment: anything }),
    attributes: { ...about, "github.number": numberOf("issue") },
    description: "Someone commented on an issue or a pull request.",
  },
  "github.pull_request.{action}": {
    sensitive,
    slo,
    schema: webhookWith({ pull_request: numbered }),
    attributes: { ...about, "github.number": numberOf("pull_request") },
    description: "Something happened to a pull request.",
  },
  "github.release.{action}": { ...common, slo, schema: webhookWith({ release: anything }) },
  "github.check_run.{action}": { ...common, schema: webhookWith({ check_run: anything }) },
  "github.check_suite.{action}": { ...common, schema: webhookWith({ check_suite: anything }) },
  "github.workflow_run.{action}": { ...common, schema: webhookWith({ workflow_run: anything }) },
  "github.workflow_job.{action}": { ...common, schema: webhookWith({ workflow_job: anything }) },
});
