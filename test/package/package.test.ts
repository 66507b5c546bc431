import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTemporaryFolder, runChild, runChildOrThrow, type TemporaryFolder } from "../support/child.ts";
import { ROOT } from "../support/root.ts";
import { installPackage, type PackedPackage, packPackage } from "./packed-package.ts";

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

const INSTALL_TIMEOUT_MS = 120_000;

let folder: TemporaryFolder;
let packed: PackedPackage;
let manifest: Manifest;

beforeAll(async () => {
  manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  folder = await makeTemporaryFolder();
  packed = await packPackage(folder.path);
  await writeFile(join(folder.path, "package.json"), JSON.stringify({ name: "guest", type: "module", private: true }));
  await installPackage(packed.tarball, folder.path);
}, INSTALL_TIMEOUT_MS);

afterAll(() => folder[Symbol.asyncDispose]());

describe("the packed package", () => {
  it("holds the built code, its types, the telemetry stack, the README, its pages and the licence, and nothing else", () => {
    const isCode = (path: string) => /^dist\/[a-z-]+\.(js|js\.map|d\.ts)$/.test(path);
    const isStack = (path: string) => /^dashboards\/[a-z]+\/.*\.(json|yml|yaml|md)$/.test(path);
    const isPage = (path: string) => /^docs\/[a-z-]+\.md$/.test(path);

    const strangers = packed.files.filter((path) => !isCode(path) && !isStack(path) && !isPage(path));

    expect(strangers.sort()).toEqual(["LICENSE", "README.md", "docker-compose.otel.yml", "package.json"]);
  });

  it("holds every file that the compose file mounts, and none of the rules' tests", async () => {
    const mounted = [
      ...(await readFile(join(ROOT, "docker-compose.otel.yml"), "utf8")).matchAll(/source: \.\/([\w/-]+)/g),
    ];
    const folders = mounted.map(([, folder = ""]) => folder);

    const empty = folders.filter((folder) => !packed.files.some((path) => path.startsWith(`${folder}/`)));

    expect(folders.length).toBeGreaterThan(3);
    expect(empty).toEqual([]);
    expect(packed.files.filter((path) => path.startsWith("dashboards/prometheus/tests"))).toEqual([]);
  });

  it("holds what the README links to, but for tests and benchmarks", async () => {
    const readme = await readFile(join(ROOT, "README.md"), "utf8");
    const targets = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = ""]) => path);

    const missing = targets.filter((path) => !/^(test|bench)\//.test(path) && !packed.files.includes(path));

    expect(targets.length).toBeGreaterThan(10);
    expect(missing).toEqual([]);
  });

  it("holds every file that its exports name", () => {
    const named = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === "string" ? [entry] : Object.values(entry),
    );

    expect(packed.files).toEqual(expect.arrayContaining(named.map((path) => path.replace("./", ""))));
  });

  it("declares every package that its code imports, all but OpenTelemetry's API and uuid as optional", async () => {
    const code = packed.files.filter((path) => path.endsWith(".js"));
    const texts = await Promise.all(
      code.map((path) => readFile(join(folder.path, "node_modules/spanbus", path), "utf8")),
    );

    const imported = new Set(texts.flatMap(packagesIn));

    const { dependencies, peerDependencies, peerDependenciesMeta } = manifest;
    expect([...imported].filter((name) => !Object.hasOwn({ ...dependencies, ...peerDependencies }, name))).toEqual([]);
    expect(imported).toContain("vitest"); // of spanbus/testing/vitest
    expect(Object.keys(dependencies)).toEqual(["uuid"]);
    const needed = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
    expect(needed).toEqual(["@opentelemetry/api"]);
  });

  it("has no machine's path in what it ships", async () => {
    const texts = await Promise.all(
      packed.files.map((path) => readFile(join(folder.path, "node_modules/spanbus", path), "utf8")),
    );

    expect(packed.files.filter((_, index) => texts[index]?.includes(ROOT))).toEqual([]);
  });
});

describe("the installed package", () => {
  it("resolves each of its exports, and refuses a path that is none", async () => {
    const specifiers = Object.keys(manifest.exports).map((key) => key.replace(".", "spanbus"));
    const program = `
      const resolved = ${JSON.stringify(specifiers)}.map((specifier) => import.meta.resolve(specifier));
      console.log(resolved.every((url) => url.includes("/node_modules/spanbus/")));
      try { import.meta.resolve("spanbus/dist/index.js"); } catch (error) { console.log(error.code); }`;

    const printed = await runChildOrThrow(process.execPath, ["--input-type=module", "--eval", program], folder.path);

    expect(printed).toBe("true\nERR_PACKAGE_PATH_NOT_EXPORTED\n");
  });

  it("loads with import and with require when no optional peer is there", async () => {
    const program = `
      const required = require("spanbus");
      import("spanbus").then((imported) => {
        console.log(imported.EventBus === required.EventBus, typeof imported.EventBus);
        console.log(require("spanbus/package.json").version);
      });`;

    const result = await runChild(process.execPath, ["--input-type=commonjs", "--eval", program], folder.path);

    expect(result).toEqual({ exitCode: 0, stdout: `true function\n${manifest.version}\n`, stderr: "" });
  });

  it("says what to install when dashboards are to be generated without the package that builds them", async () => {
    const program = `
      const { generate } = await import("spanbus/dashboards");
      await generate().catch(({ code, message }) => console.log(code, message));`;

    const printed = await runChildOrThrow(process.execPath, ["--input-type=module", "--eval", program], folder.path);
    const result = await runChild(join(folder.path, "node_modules/.bin/spanbus"), ["dashboards"], folder.path);

    expect(printed).toBe(
      "DASHBOARD_PACKAGE_MISSING cannot generate dashboards: @grafana/grafana-foundation-sdk is not installed. " +
        "Run: npm install --save-dev @grafana/grafana-foundation-sdk@0.0.21\n",
    );
    expect(result).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringContaining("is not installed") });
  });

  it("gives its types to a strict project that has no optional peer", async () => {
    for (const scope of ["@types", "undici-types"]) {
      await symlink(join(ROOT, "node_modules", scope), join(folder.path, "node_modules", scope));
    }
    const compilerOptions = { strict: true, module: "nodenext", target: "es2023", types: ["node"], noEmit: true };
    await writeFile(
      join(folder.path, "guest.ts"),
      `import { EventBus } from "spanbus";\nexport const bus = EventBus;\n`,
    );
    await writeFile(join(folder.path, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["guest.ts"] }));

    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const result = await runChild(process.execPath, [tsc, "--project", folder.path], folder.path);

    expect(result).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });
});

/** The packages that a module imports by name. */
function packagesIn(source: string): string[] {
  const specifiers = [...source.matchAll(/\bfrom "([^"]+)";$/gm)].map(([, specifier = ""]) => specifier);
  const outside = specifiers.filter((specifier) => !/^(node:|\.)/.test(specifier));
  return outside.map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
}
