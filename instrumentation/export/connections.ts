import { readFileSync } from "node:fs";
import type { Agent, AgentOptions, ClientRequestArgs } from "node:http";
import type { AgentOptions as TlsAgentOptions } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { describeFailure, type Notices } from "../guard/notices.ts";
import type { Environment } from "../settings/environment.ts";

/** How long one request may hold a connection, in milliseconds; certificates; who hears of connections that fail. */
export interface ConnectionOptions {
  readonly limitMs: number;
  readonly tls: TlsAgentOptions;
  readonly onError: (error: Error) => void;
}

/**
 * The HTTP connections of the exporters. They never keep the process alive, no request holds one longer than the limit
 * (a collector that drips its answer would hold it for ever, and with it a place among the concurrent exports), and all
 * of them can be cut at once.
 */
export class Connections {
  readonly #limitMs: number;
  readonly #tls: TlsAgentOptions;
  readonly #onError: (error: Error) => void;
  readonly #agents = new Set<Agent>();
  readonly #limits = new WeakMap<Duplex, NodeJS.Timeout>();
  #isCut = false;

  constructor({ limitMs, tls, onError }: ConnectionOptions) {
    this.#limitMs = limitMs;
    this.#tls = tls;
    this.#onError = onError;
  }

  /** For the exporters' `httpAgentOptions`. Loads `node:http` as late as instrumentations of it want. */
  readonly makeAgent = (protocol: string): Agent => {
    const agent =
      protocol === "https:"
        ? new (process.getBuiltinModule("node:https").Agent)({ keepAlive: true, ...this.#tls })
        : new (process.getBuiltinModule("node:http").Agent)(PLAIN);
    this.#limitRequests(agent);
    this.#agents.add(agent);
    return agent;
  };

  /** Destroys every connection and refuses new ones. */
  cut(): void {
    this.#isCut = true;
    for (const agent of this.#agents) {
      // not agent.destroy() alone: exporters take its "socket hang up" for a reason to try again
      const sockets = Object.values(agent.sockets).flatMap((busy) => busy ?? []);
      for (const socket of sockets) socket.destroy(new Error(CUT));
      agent.destroy();
    }
  }

  /** The three places where Node hands a socket to a request, and takes it back. */
  #limitRequests(agent: Agent): void {
    const createConnection = agent.createConnection.bind(agent);
    const keepSocketAlive = agent.keepSocketAlive.bind(agent);
    const reuseSocket = agent.reuseSocket.bind(agent);
    agent.createConnection = (options: ClientRequestArgs, callback) => {
      if (this.#isCut) {
        callback?.(new Error(CUT), undefined as never);
        return undefined;
      }
      const socket = createConnection(options, callback);
      socket?.on("error", this.#onError);
      socket?.once("close", () => clearTimeout(this.#limits.get(socket)));
      if (socket) this.#lend(socket);
      return socket;
    };
    agent.keepSocketAlive = (socket) => {
      clearTimeout(this.#limits.get(socket));
      return keepSocketAlive(socket);
    };
    agent.reuseSocket = (socket, request) => {
      reuseSocket(socket, request);
      this.#lend(socket);
    };
  }

  #lend(socket: Duplex): void {
    (socket as Socket).unref();
    clearTimeout(this.#limits.get(socket));
    const limit = setTimeout(
      () => socket.destroy(new Error(`no full answer within ${this.#limitMs} ms`)),
      this.#limitMs,
    );
    limit.unref();
    this.#limits.set(socket, limit);
  }
}

const PLAIN: AgentOptions = { keepAlive: true };
const CUT = "the telemetry was shut down";

/** The certificates the environment names; a file that cannot be read is told, and left out. */
export function readCertificates(environment: Environment, notices: Notices): TlsAgentOptions {
  const read = (name: CertificateVariable): Buffer | undefined => {
    const path = environment[name];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      notices.warn(name, () => `${name} names a file that cannot be read (${describeFailure(error)}); using none`);
      return undefined;
    }
  };
  const ca = read("OTEL_EXPORTER_OTLP_CERTIFICATE");
  const cert = read("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE");
  const key = read("OTEL_EXPORTER_OTLP_CLIENT_KEY");
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

type CertificateVariable =
  | "OTEL_EXPORTER_OTLP_CERTIFICATE"
  | "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"
  | "OTEL_EXPORTER_OTLP_CLIENT_KEY";
