import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../support/root.ts";
import { type Rewrite, rewrite } from "./rewrite.ts";
import { type Server, startServer } from "./server.ts";
import { healthPath, requireTool, type ShippedService } from "./shipped.ts";

export interface AlertmanagerOptions {
  readonly service: ShippedService;
  readonly folder: string;
  /** `127.0.0.1:1234` */
  readonly address: string;
  /** Where alerts of every receiver go. */
  readonly webhookUrl: string;
}

/** Alertmanager with the shipped configuration, and somebody to tell. */
export interface RunningAlertmanager extends Server {
  readonly url: string;
}

/** As shipped it tells nobody, and takes its time: each receiver gets a webhook, and waits become seconds. */
export function alertmanagerRewrites(webhookUrl: string): readonly Rewrite[] {
  const told = (receiver: string): Rewrite => ({
    why: "receiver",
    from: `  - name: ${receiver} #`,
    to: `  - name: ${receiver}\n    webhook_configs: [{ url: "${webhookUrl}/${receiver}", send_resolved: true }] #`,
  });
  return [
    told("page"),
    told("ticket"),
    {
      why: "receiver",
      from: "  - name: nobody\n",
      to: `  - name: nobody\n    webhook_configs: [{ url: "${webhookUrl}/nobody", send_resolved: true }]\n`,
    },
    { why: "faster", from: "group_wait: 30s", to: "group_wait: 1s" },
    { why: "faster", from: "group_wait: 10s", to: "group_wait: 1s" },
    { why: "faster", from: "group_interval: 5m", to: "group_interval: 1s" },
  ];
}

/** The flags of the compose file with the container's paths and addresses replaced. */
export function alertmanagerFlags(command: readonly string[], folder: string, address: string): readonly string[] {
  const rewritten = rewrite(command.join("\n"), [
    { why: "path", from: "/etc/alertmanager/alertmanager.yml", to: join(folder, "alertmanager.yml") },
    { why: "path", from: "storage.path=/alertmanager", to: `storage.path=${join(folder, "alertmanager")}` },
    { why: "address", from: "http://localhost:9093/", to: `http://${address}/` },
  ]);
  return [...rewritten.split("\n"), `--web.listen-address=${address}`];
}

/** Starts Alertmanager as the compose file does. */
export async function startAlertmanager(options: AlertmanagerOptions): Promise<RunningAlertmanager> {
  const { service, folder, address, webhookUrl } = options;
  const shipped = await readFile(join(ROOT, "dashboards/alertmanager/alertmanager.yml"), "utf8");
  await mkdir(join(folder, "alertmanager"), { recursive: true });
  await writeFile(join(folder, "alertmanager.yml"), rewrite(shipped, alertmanagerRewrites(webhookUrl)));
  const server = await startServer({
    name: "alertmanager",
    program: requireTool("alertmanager"),
    args: alertmanagerFlags(service.command ?? [], folder, address),
    readyUrl: `http://${address}${healthPath(service)}`,
    logFile: join(folder, "alertmanager.log"),
  });
  return { ...server, url: `http://${address}` };
}
