/** `1,234` */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** `3 retries`; `1 retry` when told how to spell it. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `0.12`, `4.1`, `118`: three digits that matter. */
export function milliseconds(ms: number): string {
  return ms < 1 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : count(Math.round(ms));
}

/** Text of at most `width` characters, its end told by an ellipsis. Control characters become visible ones. */
export function clip(text: string, width: number): string {
  // what strangers send must not move the cursor
  const safe = text.replace(/\p{Cc}/gu, "·");
  return safe.length <= width ? safe : `${safe.slice(0, Math.max(0, width - 1))}…`;
}

/** Words on lines of at most `width` characters, all but the first indented. */
export function wrap(words: readonly string[], width: number, indent: string): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(lines.length === 0 ? word : indent + word);
  }
  return lines;
}
