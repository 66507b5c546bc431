import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { keptParts } from "../../bench/report/keep.ts";
import { ROOT } from "../support/root.ts";

describe("the figures of bench/results/latest.json", () => {
  it("are those that docs/performance.md and the README show: `npm run bench -- --render` writes them", async () => {
    const page = await readFile(join(ROOT, "docs/performance.md"), "utf8");
    const readme = await readFile(join(ROOT, "README.md"), "utf8");

    const kept = keptParts();

    expect(page).toContain(`<!-- generated: bench -->\n\n${kept.page}\n<!-- /generated -->`);
    expect(readme).toContain(`<!-- measured: bench -->\n\n${kept.readme}\n<!-- /measured -->`);
  });
});
