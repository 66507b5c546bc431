import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTemporaryFolder } from "../../support/child.ts";
import { type AlertInbox, startAlertInbox } from "../servers/alert-inbox.ts";
import { type RunningAlertmanager, startAlertmanager } from "../servers/alertmanager.ts";
import { freePorts } from "../servers/free-ports.ts";
import { shippedServices } from "../servers/shipped.ts";

const WITHIN = { timeout: 30_000, interval: 100 };

const servers = new AsyncDisposableStack();
let inbox: AlertInbox;
let alertmanager: RunningAlertmanager;

beforeAll(async () => {
  const folder = servers.use(await makeTemporaryFolder()).path;
  const { alertmanager: service } = await shippedServices();
  if (service === undefined) throw new Error("the compose file lacks Alertmanager");
  const { port } = await freePorts(["port"]);
  inbox = servers.use(await startAlertInbox());
  alertmanager = servers.use(
    await startAlertmanager({ service, folder, address: `127.0.0.1:${port}`, webhookUrl: inbox.url }),
  );
});

afterAll(() => servers.disposeAsync());

describe("Alertmanager, given somebody to tell", () => {
  it("pages, files tickets and leaves the rest, by severity", async () => {
    await raise([
      { alertname: "Stalled", severity: "page" },
      { alertname: "DeadLetters", severity: "ticket" },
      { alertname: "SpanbusWatchdog", severity: "info" },
    ]);

    await expect.poll(told, WITHIN).toEqual(["nobody SpanbusWatchdog", "page Stalled", "ticket DeadLetters"]);
  });

  it("files no ticket for what it pages about, but does for another handler, service or alert", async () => {
    const burn = { alertname: "Burn", service_name: "shop", messaging_destination_subscription_name: "billing" };
    await raise([
      { ...burn, severity: "page", window: "1h" },
      { ...burn, severity: "ticket", window: "3d" },
      { ...burn, severity: "ticket", messaging_destination_subscription_name: "audit" },
      { ...burn, severity: "ticket", service_name: "depot" },
      { ...burn, severity: "ticket", alertname: "Slow" },
    ]);

    await expect.poll(() => ticketsOf("shop"), WITHIN).toEqual(["Burn audit", "Slow billing"]);
    await expect.poll(() => ticketsOf("depot"), WITHIN).toEqual(["Burn billing"]);
    expect(told()).toContain("page Burn");
  });
});

async function raise(alerts: readonly Readonly<Record<string, string>>[]): Promise<void> {
  const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(alerts.map((labels) => ({ labels }))),
  });
  if (!answer.ok) throw new Error(`Alertmanager answered ${answer.status}: ${await answer.text()}`);
}

function told(): readonly string[] {
  return [...new Set(inbox.alerts.map(({ receiver, labels }) => `${receiver} ${labels.alertname}`))].sort();
}

function ticketsOf(service: string): readonly string[] {
  const tickets = inbox.alerts.filter(({ receiver, labels }) => {
    return receiver === "ticket" && labels.service_name === service;
  });
  const names = tickets.map(
    ({ labels }) => `${labels.alertname} ${labels.messaging_destination_subscription_name ?? "no handler"}`,
  );
  return [...new Set(names)].sort();
}
