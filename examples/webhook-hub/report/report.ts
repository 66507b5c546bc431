import { jaegerTraceUrl } from "spanbus";
import { answerLines } from "./answer-lines.ts";
import { balanceLines } from "./balance-lines.ts";
import { failureLines } from "./failure-lines.ts";
import { handlerLines } from "./handler-lines.ts";
import { outcomeLines } from "./outcome-lines.ts";
import { isFlawless, type RunRecord } from "./run-record.ts";
import type { Sheet } from "./screen.ts";
import { telemetryLines } from "./telemetry-lines.ts";
import { count, plural } from "./text.ts";
import { treeLines } from "./trace-tree.ts";

/** The whole report as text. */
export function reportText(run: RunRecord, sheet: Sheet): string {
  const { ledger, handlers, what, durationMs } = run;
  const { paint } = sheet;
  const inner = { ...sheet, width: sheet.width - INDENT.length };
  const sections: Section[] = [
    { title: "HTTP answers", lines: answerLines(run, inner) },
    { title: "Outcomes", aside: "of deliveries: one event to one handler", lines: outcomeLines(run, inner) },
    {
      title: "Handlers",
      aside: "from publish to settled, retries included, in ms",
      lines: handlerLines(handlers, inner),
    },
    { title: "Failures", aside: "dead-lettered, with correlation ids", lines: failureLines(run, inner) },
    { title: "One trace", ...traceSection(run, inner) },
    { title: "Ledger", aside: "bus.stats() after the drain", lines: balanceLines(run.equations, inner) },
    { title: "Telemetry", lines: telemetryLines(run, inner) },
  ];
  const head = `${paint("bold", "webhook-hub")}  ${what} in ${(durationMs / 1000).toFixed(1)} s`;
  const events = `${count(ledger.accepted)} events, ${plural(ledger.matched, "delivery", "deliveries")}`;
  const seen = `${events}, ${plural(run.repositories, "repository", "repositories")}`;
  const verdict = isFlawless(run)
    ? paint("green", "✓ every answer was the expected one, and the ledger balances")
    : paint("red", "✗ not as it should be: see what is marked ✗ above");
  const body = sections.flatMap((section) => ["", ...sectionLines(section, sheet)]);
  return `${["", head, paint("dim", seen), ...body, "", verdict].join("\n")}\n`;
}

const INDENT = "  ";

interface Section {
  readonly title: string;
  readonly aside?: string;
  readonly lines: readonly string[];
}

function sectionLines({ title, aside = "", lines }: Section, { width, paint }: Sheet): string[] {
  const text = aside === "" ? title : `${title}  ${aside}`;
  const rule = "─".repeat(Math.max(0, width - text.length - 4));
  const note = aside === "" ? "" : `  ${paint("dim", aside)}`;
  return [
    `${paint("dim", "──")} ${paint("bold", title)}${note} ${paint("dim", rule)}`,
    ...lines.map((line) => INDENT + line),
  ];
}

function traceSection({ trace, links }: RunRecord, sheet: Sheet): Pick<Section, "aside" | "lines"> {
  const [first] = trace ?? [];
  if (trace === undefined || first === undefined) return { lines: ["no trace was sampled"] };
  const ids = [`trace id        ${first.traceId}`, `correlation id  ${first.correlationId ?? "none"}`];
  if (links !== undefined) ids.push(`in Jaeger       ${jaegerTraceUrl(first.traceId, { baseUrl: links.baseUrl })}`);
  const { paint } = sheet;
  return {
    aside: `of ${plural(trace.length, "span")}, durations in ms`,
    lines: [...ids.map((line) => paint("dim", line)), ...treeLines(trace, sheet)],
  };
}
