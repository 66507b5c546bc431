/** A doc comment, as far as tables show it. */
export interface Doc {
  readonly text: string;
  readonly default: string | undefined;
  readonly throws: string | undefined;
}

/** Reads what stands between `/*` and its end of a doc comment. */
export function readDoc(comment: string): Doc {
  const plain = comment.replaceAll(/^\s*\*+ ?/gm, "").replaceAll(/\{@link (\w+)\}/g, "`$1`");
  const [text = "", ...tags] = plain.split(/(?<=^|\s)@(?=(?:default|throws|example|param|returns)\b)/);
  const tagged = (name: string): string | undefined => {
    const tag = tags.find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}\n`));
    return tag === undefined ? undefined : oneLine(tag.slice(name.length));
  };
  return { text: oneLine(text), default: tagged("default"), throws: tagged("throws") };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
