import { EventBus, type Logger } from "spanbus";
import { events, type HubBus } from "./catalog.ts";
import { audit } from "./handlers/audit.ts";
import { type CiDurations, ciMetrics } from "./handlers/ci-metrics.ts";
import { dependencyScanner } from "./handlers/dependency-scanner.ts";
import { indexer } from "./handlers/indexer.ts";
import { notifier } from "./handlers/notifier.ts";
import { onboarding } from "./handlers/onboarding.ts";
import { NothingToTell, releaseNotes } from "./handlers/release-notes.ts";
import { warehouse } from "./handlers/warehouse.ts";
import { Journal } from "./journal.ts";
import { Remote } from "./remote.ts";
import { RepositoryIndex } from "./repository-index.ts";

/** The bus with its handlers, and what those have gathered. */
export interface Hub {
  readonly bus: HubBus;
  readonly journal: Journal;
  readonly index: RepositoryIndex;
  /** Events by name. */
  readonly trail: ReadonlyMap<string, number>;
}

/** A hub on a bus of its own. */
export function createHub(options: { readonly logger: Logger }): Hub {
  return joinHub(new EventBus({ source: "webhook-hub", events, logger: options.logger }));
}

/** Joins a bus, the handlers and the services they call: a test brings a bus that records. */
export function joinHub(bus: HubBus): Hub {
  const journal = new Journal();
  const index = new RepositoryIndex();
  const trail = new Map<string, number>();
  const ciDurations: CiDurations = new Map();
  const drafts = new Map<string, string>();

  bus.subscribe("*", audit(trail), { name: "audit" });
  bus.subscribe("github.**", indexer(index, journal), { name: "indexer" });
  bus.subscribe("github.*.completed", ciMetrics(ciDurations), { name: "ci-metrics" });
  bus.subscribe("github.release.*", releaseNotes(drafts), {
    name: "release-notes",
    classify: (error) => (error instanceof NothingToTell ? "expected" : "fatal"),
  });

  const chat = new Remote({ name: "chat", latencyMs: [3, 25], failureRate: 0.1 });
  const notify = notifier(chat, journal);
  const backoff = { initialMs: 20, maxMs: 200 };
  for (const type of ["issues", "pull_request", "release"] as const) {
    const name = `notify-${type.replace("_", "-")}`;
    bus.subscribe(`github.${type}.*`, notify, { name, timeoutMs: 2_000, retry: { maxAttempts: 3, backoff } });
  }

  const registry = new Remote({ name: "registry", latencyMs: [5, 15] });
  bus.subscribe("resource.registered", onboarding(registry, journal), { name: "onboarding", timeoutMs: 2_000 });

  const scanner = new Remote({ name: "scanner", latencyMs: [50, 150], hangRate: 0.1 });
  bus.subscribe("github.pull_request.*", dependencyScanner(scanner), { name: "dependency-scanner", timeoutMs: 1_000 });

  const store = new Remote({ name: "warehouse", latencyMs: [1, 10], failureRate: 0.1, outageRate: 0.012 });
  bus.subscribe("github.**", warehouse(store), {
    name: "warehouse",
    timeoutMs: 2_000,
    retry: { maxAttempts: 4, backoff },
  });

  return { bus, journal, index, trail };
}
