import type { DeliveryReport } from "spanbus";
import { assertTree, createTestBus, type TestHarness } from "spanbus/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { events, type Webhook } from "../../examples/webhook-hub/hub/catalog.ts";
import { notificationText } from "../../examples/webhook-hub/hub/handlers/notifier.ts";
import { type Hub, joinHub } from "../../examples/webhook-hub/hub/hub.ts";
import { loadRecordings } from "../../examples/webhook-hub/replay/recordings.ts";
import { replay } from "../../examples/webhook-hub/replay/replay.ts";
import { conservationViolations } from "../support/conservation.ts";
import { SECRET, startRunningHub } from "./running-hub.ts";

let harness: TestHarness<typeof events>;
let hub: Hub;

beforeEach(() => {
  harness = createTestBus({ events, expectFailures: true });
  hub = joinHub(harness.bus);
});

afterEach(() => harness[Symbol.asyncDispose]());

/** What a webhook causes under a correlation id for which every service is up. */
function hookRun(name: `github.${string}.${string}`, data: Webhook) {
  return harness.run(() => hub.bus.publish(name, data, { correlationId: "calm" }));
}

async function deliveryTo(subscription: string, name: `github.${string}.${string}`, data: Webhook) {
  const { result } = await hookRun(name, data);
  return result.deliveries.find((delivery) => delivery.subscription === subscription) as DeliveryReport;
}

describe("the hub", () => {
  it("takes every webhook that people recorded at github.com and on their own servers", async () => {
    await using running = await startRunningHub();
    const hosts = ["api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"];
    const recordings = (await Promise.all(hosts.map(loadRecordings))).flat();

    const report = await replay(recordings, { url: running.url, secret: SECRET, seed: 1 });
    await running.hub.bus.drain();

    expect(report).toEqual({ sent: recordings.length, surprises: [] });
    expect(recordings.length).toBeGreaterThan(329);
    expect(conservationViolations(running.hub.bus.stats())).toEqual([]);
    expect(running.hub.journal.settle()).toBe(0);
  });

  it("has 329 webhooks of 58 event types to replay", async () => {
    const recordings = await loadRecordings();

    expect([recordings.length, new Set(recordings.map(({ event }) => event)).size]).toEqual([329, 58]);
  });

  it("tells of a repository once, and sets it up", async () => {
    for (const event of ["star", "star", "fork"]) {
      await hookRun(`github.${event}.created`, { repository: { full_name: "octo/hello" } });
    }

    const names = harness.published.map(({ event }) => event.name);
    expect(names.filter((name) => !name.startsWith("github."))).toEqual([
      "resource.registered",
      "action.onboard.start",
      "action.onboard.success",
    ]);
    expect(hub.index.get("octo/hello")?.events).toEqual(
      new Map([
        ["star", 2],
        ["fork", 1],
      ]),
    );
  });

  it("notifies, between the start and the success of an action, under the webhook's correlation id", async () => {
    const run = await hookRun("github.issues.opened", { issue: { number: 7 } });

    const actions = run.published.filter(({ event }) => event.name.startsWith("action."));
    expect(actions.map(({ event }) => `${event.name} of ${event.correlationId}`)).toEqual([
      "action.notify.start of calm",
      "action.notify.success of calm",
    ]);
    expect(run.delivered).toContainEqual(expect.objectContaining({ subscription: "notify-issues", attempts: 1 }));
    assertTree(run.trace, "process github.issues.{action} [notify-issues] > publish action.{name}.success");
  });

  it("audits everything", async () => {
    await hookRun("github.star.created", { repository: { full_name: "octo/hello" } });

    expect([...hub.trail.keys()]).toEqual([
      "github.star.created",
      "resource.registered",
      "action.onboard.start",
      "action.onboard.success",
    ]);
  });

  it("keeps nobody's e-mail address where dead letters are shown", async () => {
    const data = {
      workflow_run: { conclusion: null, head_commit: { author: { name: "Mo", email: "mo@example.test" } } },
    };
    await hookRun("github.workflow_run.completed", data);
    const [letter] = hub.bus.deadLetters.list({ subscription: "ci-metrics" });

    expect(JSON.stringify(letter)).toContain('"name":"Mo"');
    expect(JSON.stringify(letter)).not.toContain("mo@example.test");
  });
});

describe("CI metrics", () => {
  const ended = { conclusion: "success", started_at: "2024-01-01T10:00:00Z", completed_at: "2024-01-01T10:01:00Z" };

  it("measure what tells its times", async () => {
    const delivery = await deliveryTo("ci-metrics", "github.check_run.completed", { check_run: ended });

    expect(delivery.outcome).toBe("handled");
  });

  it("discard what tells no times", async () => {
    const data = { check_suite: { conclusion: "success" } };
    const delivery = await deliveryTo("ci-metrics", "github.check_suite.completed", data);

    expect(delivery).toMatchObject({ outcome: "failed", disposition: "discarded", attempts: 1 });
  });

  it.each([
    ["has no conclusion", { ...ended, conclusion: null }],
    ["began on no day there is", { ...ended, started_at: "2024-02-31T10:00:00Z" }],
    ["ended before it began", { ...ended, completed_at: "2024-01-01T09:00:00Z" }],
  ])("dead-letter what %s", async (_, run) => {
    const delivery = await deliveryTo("ci-metrics", "github.workflow_run.completed", { workflow_run: run });

    expect(delivery).toMatchObject({ outcome: "failed", disposition: "dead_lettered", attempts: 1 });
  });
});

describe("release notes", () => {
  it("are drafted", async () => {
    const data = { release: { tag_name: "v1", body: "Fixes." } };
    const delivery = await deliveryTo("release-notes", "github.release.published", data);

    expect(delivery.outcome).toBe("handled");
  });

  it("are no failure where there are none", async () => {
    const data = { release: { tag_name: "v1", body: null } };
    const delivery = await deliveryTo("release-notes", "github.release.published", data);

    expect(delivery).toMatchObject({ outcome: "failed", disposition: "discarded", reason: "expected" });
  });

  it("are dead-lettered where they are not text", async () => {
    const data = { release: { tag_name: "v1", body: 5 } };
    const delivery = await deliveryTo("release-notes", "github.release.published", data);

    expect(delivery).toMatchObject({ outcome: "failed", disposition: "dead_lettered", reason: "fatal" });
  });
});

describe("a notification", () => {
  it("says who did what to what, and where", () => {
    const data = {
      action: "opened",
      sender: { login: "octocat" },
      issue: { number: 7, title: 'Say "hello"' },
      repository: { full_name: "octo/hello" },
    };

    expect(notificationText("issues", data)).toBe('octocat opened issues #7 "Say \\"hello\\"" in octo/hello');
  });

  it.each([
    ["nothing", {}],
    ["null", { issue: null, sender: null, repository: null }],
    ["other types", { issue: [1], action: null }],
  ])("makes do with %s", (_, data) => {
    expect(notificationText("issues", data)).toMatch(/^someone/);
  });

  it("is short", () => {
    expect(notificationText("issues", { issue: { title: "x".repeat(10_000) } }).length).toBe(200);
  });
});
