import { describe, expect, it } from "vitest";
import { extractFragments, extractPrograms, firstLine, logLinesFirst, outputPattern } from "./page-programs.ts";

const PAGE = `
# Title

\`\`\`ts
const fragment = 1;
\`\`\`

\`\`\`ts
// file: first.ts
// run: node --import spanbus/register first.ts
console.log("a");
\`\`\`

prints

\`\`\`text output
a
\`\`\`

\`\`\`ts
// file: second.ts
\`\`\`

\`\`\`sh
node second.ts
\`\`\`
`;

describe("extractPrograms", () => {
  it("finds the blocks that name a file, with their arguments and output", () => {
    const programs = extractPrograms(PAGE);

    expect(programs).toEqual([
      {
        file: "first.ts",
        nodeArguments: ["--import", "spanbus/register"],
        source: '// file: first.ts\n// run: node --import spanbus/register first.ts\nconsole.log("a");\n',
        output: "a\n",
      },
      { file: "second.ts", nodeArguments: [], source: "// file: second.ts\n", output: undefined },
    ]);
  });

  it("refuses a run line for another file", () => {
    const page = "```ts\n// file: a.ts\n// run: node b.ts\n```\n";

    expect(() => extractPrograms(page)).toThrow("does not end in a.ts");
  });
});

describe("extractFragments", () => {
  it("finds the blocks that name no file", () => {
    const fragments = extractFragments(PAGE);

    expect(fragments).toEqual(["const fragment = 1;\n"]);
    expect(fragments.map(firstLine)).toEqual(["const fragment = 1;"]);
  });
});

describe("outputPattern", () => {
  it("matches the text itself and nothing around it", () => {
    const pattern = outputPattern("total: 1.5 (a)\n");

    expect(
      ["total: 1.5 (a)\n", "total: 1x5 (a)\n", "x\ntotal: 1.5 (a)\n", "total: 1.5 (a)\ny\n"].map(matches(pattern)),
    ).toEqual([true, false, false, false]);
  });

  it("lets an ellipsis stand for any text in a line, and alone for any lines", () => {
    const pattern = outputPattern("id …!\n…\nend\n");

    expect(["id 7!\nend\n", "id 7!\nb\nc\nend\n", "id 7!\nb\nc\n", "id 7\n8!\nend\n"].map(matches(pattern))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe("logLinesFirst", () => {
  it("makes one order of what a logger and the console wrote, in which each keeps its own", () => {
    const log = ['{"level":30,"msg":"a"}\n', '{"level":40,"msg":"b"}\n'] as const;

    const orders = [
      [log[0], "1\n", log[1], "{ two: 2 }\n"],
      ["1\n", "{ two: 2 }\n", ...log],
      [log[0], log[1], "1\n", "{ two: 2 }\n"],
    ].map((lines) => logLinesFirst(lines.join("")));

    expect(new Set(orders)).toEqual(new Set([`${log[0]}${log[1]}1\n{ two: 2 }\n`]));
  });

  it("leaves a last line without an end where it is", () => {
    expect(logLinesFirst('1\n{"level":30}\n2')).toBe('{"level":30}\n1\n2');
  });
});

function matches(pattern: RegExp): (text: string) => boolean {
  return (text) => pattern.test(text);
}
