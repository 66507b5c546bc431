import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runChildOrThrow } from "../support/child.ts";
import { ROOT } from "../support/root.ts";

const LIST_LOADED_FILES = `
  import { registerHooks } from "node:module";
  const urls = [];
  registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context); } });
  await import(process.argv[1]);
  console.log(JSON.stringify(urls));`;

describe("importing spanbus", () => {
  it("loads its own files, the OpenTelemetry API and uuid, and no SDK, zod or pino", async () => {
    const packages = new Set((await filesLoadedBy("dist/index.js")).map(packageOf));

    expect([...packages].sort()).toEqual(["@opentelemetry/api", "spanbus", "uuid"]);
  });

  it("loads for spanbus/dashboards no package that only generating needs", async () => {
    const packages = new Set((await filesLoadedBy("dist/dashboards.js")).map(packageOf));

    expect([...packages].sort()).toEqual(["spanbus"]);
  });

  it("is measured by a listing that does see packages, imported and required", async () => {
    const packages = new Set((await filesLoadedBy("node_modules/pino/pino.js")).map(packageOf));

    expect([...packages]).toEqual(expect.arrayContaining(["pino", "sonic-boom"]));
  });
});

async function filesLoadedBy(path: string): Promise<string[]> {
  const target = new URL(`file://${join(ROOT, path)}`).href;
  const printed = await runChildOrThrow(
    process.execPath,
    ["--input-type=module", "--eval", LIST_LOADED_FILES, target],
    ROOT,
  );
  const urls = JSON.parse(printed) as string[];
  return urls.filter((url) => url.startsWith("file:"));
}

function packageOf(url: string): string {
  const [, inside] = url.split(/.*\/node_modules\//);
  return /^(@[^/]+\/)?[^/]+/.exec(inside ?? "spanbus")?.[0] ?? url;
}
