/** A program found in a page. */
export interface PageProgram {
  readonly file: string;
  readonly nodeArguments: readonly string[];
  readonly source: string;
  /** What it must print, or undefined when the page does not say. */
  readonly output: string | undefined;
}

const FILE_LINE = /^\/\/ file: ([\w.-]+\.ts)$/;

interface FencedBlock {
  readonly info: string;
  readonly body: string;
}

/**
 * The programs of a page: each fenced `ts` block whose first line is `// file: <name>.ts`. A second line
 * `// run: node <arguments> <name>.ts` says how to start it, when that is not `node <name>.ts`. The next fenced block,
 * if its info string is `text output`, is what the program prints; `…` stands for any text within a line, and a line
 * of only `…` for any number of lines. All programs live in one folder, so one can import another. A `ts` block
 * without the first line is a fragment: compiled, not run.
 */
export function extractPrograms(markdown: string): PageProgram[] {
  const blocks = fencedBlocks(markdown);
  return blocks.flatMap((block, index) => {
    const [fileLine = "", runLine = ""] = block.body.split("\n");
    const file = FILE_LINE.exec(fileLine)?.[1];
    if (block.info !== "ts" || file === undefined) {
      return [];
    }
    const next = blocks[index + 1];
    const output = next?.info === "text output" ? next.body : undefined;
    return [{ file, nodeArguments: argumentsIn(runLine, file), source: block.body, output }];
  });
}

/** The fragments of a page: its `ts` blocks that name no file. */
export function extractFragments(markdown: string): string[] {
  const blocks = fencedBlocks(markdown).filter(({ info, body }) => info === "ts" && !FILE_LINE.test(firstLine(body)));
  return blocks.map(({ body }) => body);
}

/** What tells one fragment from another. */
export function firstLine(source: string): string {
  return source.slice(0, source.indexOf("\n"));
}

/** A regular expression for the whole of an expected output, log lines first, with `…` as its only wildcard. */
export function outputPattern(expected: string): RegExp {
  const lines = logLinesFirst(expected)
    .trimEnd()
    .split("\n")
    .map((line) => (line.trim() === "…" ? "(?:.*\n)*" : `${line.trimEnd().split("…").map(escaped).join(".*")} *\n`));
  return new RegExp(`^${lines.join("")}$`);
}

/** The same lines, those of a JSON log first: a logger and the console write in ways of their own, each in order. */
export function logLinesFirst(output: string): string {
  const lines = output.split(/(?<=\n)/);
  const isLog = (line: string): boolean => line.startsWith('{"level":');
  return [...lines.filter(isLog), ...lines.filter((line) => !isLog(line))].join("");
}

function argumentsIn(runLine: string, file: string): string[] {
  const command = /^\/\/ run: node (.+)$/.exec(runLine)?.[1];
  if (command === undefined) {
    return [];
  }
  const words = command.split(" ");
  if (words.pop() !== file) {
    throw new Error(`the page's "${runLine}" does not end in ${file}`);
  }
  return words;
}

function fencedBlocks(markdown: string): FencedBlock[] {
  const fences = markdown.matchAll(/^(`{3,})([^\n`]*)\n((?:.*\n)*?)\1`*[ \t]*$/gm);
  return [...fences].map(([, , info = "", body = ""]) => ({ info: info.trim(), body }));
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
