import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { type Logger, stopGracefully } from "spanbus";
import { createLogger, type Telemetry, type TelemetryReport } from "spanbus/instrumentation";
import type { Settings } from "./command-line.ts";
import { createServer, type Server, WEBHOOK_PATH } from "./http/server.ts";
import { createHub, type Hub } from "./hub/hub.ts";
import { TraceStore } from "./report/trace-store.ts";
import { type HubTelemetry, startHubTelemetry } from "./telemetry.ts";

/** The whole hub, listening. */
export interface Service {
  readonly hub: Hub;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly answers: Server["answers"];
  readonly traces: TraceStore;
  readonly collector: HubTelemetry["collector"];
  readonly links: HubTelemetry["links"];
  /** Where webhooks are posted to. */
  readonly url: string;
  readonly secret: string;
  /** Takes no more webhooks; resolves when those that had come are answered. */
  closeServer(): Promise<void>;
  /** Stops the intake, lets what is in flight finish, and delivers what telemetry is left. */
  stop(): Promise<TelemetryReport>;
}

/** @throws the system's error when the port cannot be had */
export async function startService(settings: Settings): Promise<Service> {
  const secret = settings.secret ?? randomBytes(20).toString("hex");
  const logger = createLogger({ name: "webhook-hub", level: logLevelOf(settings) }, process.stderr);
  const traces = new TraceStore();
  const { jaegerUrl } = settings;
  const { telemetry, collector, links } = startHubTelemetry({ logger, spans: traces, jaegerUrl });
  const hub = createHub({ logger });
  const { app, answers } = createServer({ bus: hub.bus, journal: hub.journal, secret, logger });
  const closeServer = async (): Promise<void> => {
    const impatience = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS);
    await app.close();
    clearTimeout(impatience);
  };
  const stop = async (): Promise<TelemetryReport> => {
    await stopGracefully({ buses: [hub.bus], telemetry, beforeDrain: closeServer });
    return telemetry.shutdown(); // which was done: the report of it
  };
  try {
    await app.listen({ host: "127.0.0.1", port: settings.port });
  } catch (error) {
    await stop();
    throw error;
  }
  const { port: taken } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${taken}${WEBHOOK_PATH}`;
  return { hub, logger, telemetry, answers, traces, collector, links, url, secret, closeServer, stop };
}

/** JSON lines are for machines: they neither drown a report nor fill a terminal unless someone asks for them. */
function logLevelOf({ logLevel, mode }: Settings): string {
  return logLevel ?? (mode === "serve" && !process.stderr.isTTY ? "info" : "silent");
}

/** Senders that dawdle are cut off. */
const CLOSE_MS = 2_000;
