import { describeFailure, type Notices } from "../guard/notices.ts";

const MAX_ERRORS = 10;

/** What went wrong during a report's time, each once. */
export interface FailureRecord {
  /** Exports that failed. */
  readonly exports: Set<string>;
  /** Connections that failed; an exporter may still be trying again. */
  readonly connections: Set<string>;
}

/** What goes wrong while telemetry is sent: told to the operator at most once a minute, and to open reports in full. */
export class ExportFailures {
  readonly #notices: Notices;
  readonly #open = new Set<FailureRecord>();

  constructor(notices: Notices) {
    this.#notices = notices;
  }

  /** Notes that `what` ("256 spans", "metrics") did not arrive at `target`. */
  add(signal: string, what: string, { target, failure }: { readonly target: string; readonly failure: unknown }): void {
    const reason = describeFailure(failure);
    for (const record of this.#open) addBounded(record.exports, `${signal}: ${reason}`);
    this.#notices.warn(`${signal} failed`, () => `could not export ${what} to ${target}: ${reason}`);
  }

  /** Notes that a connection broke. Told only in reports, where it explains why something is late. */
  addConnection(failure: Error): void {
    for (const record of this.#open) addBounded(record.connections, `connection: ${describeFailure(failure)}`);
  }

  /** Records from now on, until `close`. */
  open(): FailureRecord {
    const record: FailureRecord = { exports: new Set(), connections: new Set() };
    this.#open.add(record);
    return record;
  }

  close(record: FailureRecord): void {
    this.#open.delete(record);
  }
}

function addBounded(sentences: Set<string>, sentence: string): void {
  if (sentences.size < MAX_ERRORS) sentences.add(sentence);
}
