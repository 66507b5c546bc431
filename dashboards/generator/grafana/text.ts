import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder, TextMode } from "@grafana/grafana-foundation-sdk/text";

/** Markdown on a dashboard. */
export function text(title: string, markdown: string): Panel {
  return new PanelBuilder().title(title).mode(TextMode.Markdown).content(markdown).build();
}

/** `value` as it reads in Markdown: no markup, no HTML, no variable of Grafana in it, on one line. */
export function escapeMarkdown(value: string): string {
  const oneLine = value.replaceAll(/\s+/g, " ");
  return oneLine.replaceAll(/[\\`*_{}[\]()<>#+!|~$&]/g, (character) => `&#${character.charCodeAt(0)};`);
}
