import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/root.ts";
import {
  everyFileHasALevel,
  filesAreShort,
  type HouseRule,
  importsPointDown,
  noCycles,
  noDefaultExports,
  noExportAll,
  noOtherBarrels,
  onlyInstrumentationImportsTheSdk,
  onlyTelemetryImportsTheApi,
  onlyTheBusNamesTransports,
  relativeImportsEndInTs,
  srcImportsNoOtherPackage,
} from "./rules.ts";
import { parseSourceFile, readSourceTree, type SourceFile } from "./source-tree.ts";

interface RuleCase {
  readonly title: string;
  readonly rule: HouseRule;
  /** Small trees that must each be refused: what the house would look like with the rule broken. */
  readonly broken: readonly Readonly<Record<string, string>>[];
  /** Trees that come close and are fine. */
  readonly fine: readonly Readonly<Record<string, string>>[];
}

const CASES: readonly RuleCase[] = [
  {
    title: "gives every file a level",
    rule: everyFileHasALevel,
    broken: [{ "src/utils.ts": "export const a = 1;" }],
    fine: [{ "src/event/event.ts": "export const a = 1;", "src/routing/new-room.ts": "export const a = 1;" }],
  },
  {
    title: "imports only its own level or one below",
    rule: importsPointDown,
    broken: [
      { "src/errors.ts": `import { route } from "./routing/router.ts"; route();` },
      { "src/event/event.ts": `import type { EventBus } from "../event-bus.ts"; export type A = EventBus;` },
      { "src/delivery/attempt.ts": `export type A = import("../event-bus.ts").EventBus;` },
      { "src/event-bus.ts": `export { startTelemetry } from "../instrumentation/index.ts";` },
      { "src/event-bus.ts": `export const a = () => import("./decorators/subscribe-to.ts");` },
      { "src/telemetry/telemetry.ts": `import { spans } from "./spans.ts"; spans();` },
    ],
    fine: [{ "src/delivery/deliver.ts": `import { a } from "../errors.ts"; import { b } from "./attempt.ts"; a(b);` }],
  },
  {
    title: "has no import circles, types included",
    rule: noCycles,
    broken: [
      {
        "src/event/event.ts": `import type { B } from "../errors.ts"; export type A = B;`,
        "src/errors.ts": `import type { C } from "./options.ts"; export type B = C;`,
        "src/options.ts": `import type { A } from "./event/event.ts"; export type C = A;`,
      },
      { "src/event/event.ts": `import { a } from "./event.ts"; export const b = a;` },
    ],
    fine: [
      {
        "src/event/event.ts": `import { b } from "../errors.ts"; import { c } from "../options.ts"; export const a = b + c;`,
        "src/errors.ts": `import { c } from "./options.ts"; export const b = c;`,
        "src/options.ts": "export const c = 1;",
      },
    ],
  },
  {
    title: "imports the OpenTelemetry API only in src/telemetry and instrumentation",
    rule: onlyTelemetryImportsTheApi,
    broken: [{ "src/event-bus.ts": `import * as api from "@opentelemetry/api"; api.trace;` }],
    fine: [
      { "src/telemetry/spans.ts": `import * as api from "@opentelemetry/api"; api.trace;` },
      { "instrumentation/index.ts": `import * as api from "@opentelemetry/api"; api.trace;` },
    ],
  },
  {
    title: "imports the SDK and the exporters only in instrumentation",
    rule: onlyInstrumentationImportsTheSdk,
    broken: [
      {
        "src/telemetry/spans.ts": `import { BatchSpanProcessor } from "@opentelemetry/sdk-trace"; BatchSpanProcessor;`,
      },
      { "src/telemetry/spans.ts": `export const load = () => import("@opentelemetry/sdk-metrics");` },
      { "src/testing/spans.ts": `import type { Span } from "@opentelemetry/sdk-trace"; export type A = Span;` },
      { "examples/webhook-hub/main.ts": `import "@opentelemetry/exporter-trace-otlp-http";` },
    ],
    fine: [
      { "instrumentation/index.ts": `import { NodeSDK } from "@opentelemetry/sdk-node"; NodeSDK;` },
      { "src/testing/spans.ts": `export const load = () => import("@opentelemetry/sdk-trace");` },
    ],
  },
  {
    title: "keeps zod, pino and every other package out of src",
    rule: srcImportsNoOtherPackage,
    broken: [
      { "src/catalog/validation.ts": `import { z } from "zod"; z;` },
      { "src/catalog/validation.ts": `import type { ZodType } from "zod"; export type A = ZodType;` },
      { "src/options.ts": `export type A = import("pino").Logger;` },
      { "src/event-bus.ts": `export const load = () => import("pino");` },
      { "src/event/event.ts": `import { join } from "path"; join;` },
      { "src/testing/matchers.ts": `import { expect } from "vitest"; expect;` },
    ],
    fine: [
      { "src/event/event.ts": `import { hrtime } from "node:process"; import { v4 } from "uuid"; v4(hrtime);` },
      { "instrumentation/env.ts": `import { z } from "zod"; z;` },
      { "src/testing/vitest.ts": `import { expect } from "vitest"; expect;` },
    ],
  },
  {
    title: "names transports only in event-bus.ts",
    rule: onlyTheBusNamesTransports,
    broken: [{ "src/delivery/deliver.ts": `import { memory } from "../transports/memory.ts"; memory;` }],
    fine: [
      { "src/event-bus.ts": `import { memory } from "./transports/memory.ts"; memory;` },
      { "src/delivery/deliver.ts": `import type { T } from "../transports/transport.ts"; export type A = T;` },
    ],
  },
  {
    title: "writes the .ts extension in relative imports",
    rule: relativeImportsEndInTs,
    broken: [
      { "src/event/event.ts": `import { a } from "../errors"; a;` },
      { "src/event/event.ts": `import type { A } from "../errors.js"; export type B = A;` },
    ],
    fine: [{ "src/event/event.ts": `import { a } from "../errors.ts"; a;` }],
  },
  {
    title: "has no export *",
    rule: noExportAll,
    broken: [
      { "src/index.ts": `export * from "./event/event.ts";` },
      { "src/index.ts": `export type * from "./event/event.ts";` },
      { "src/index.ts": `export * as events from "./event/event.ts";` },
    ],
    fine: [{ "src/index.ts": `export { a } from "./event/event.ts";` }],
  },
  {
    title: "has no default exports",
    rule: noDefaultExports,
    broken: [
      { "src/event/event.ts": "export default function a() {}" },
      { "src/event/event.ts": "const a = 1; export { a as default };" },
      { "src/index.ts": `export { default } from "./event/event.ts";` },
    ],
    fine: [{ "src/event/event.ts": "export function a() {}" }],
  },
  {
    title: "re-exports only through index.ts",
    rule: noOtherBarrels,
    broken: [{ "src/routing/all.ts": `export { a } from "./router.ts"; export type { B } from "./pattern.ts";` }],
    fine: [
      { "src/index.ts": `export { a } from "./event/event.ts";` },
      { "src/errors.ts": `export { a } from "./event/event.ts"; export class BusError extends Error {}` },
    ],
  },
  {
    title: "has no file in src or instrumentation over 300 lines",
    rule: filesAreShort,
    broken: [{ "src/event/event.ts": "// line\n".repeat(301) }, { "instrumentation/env.ts": "// line\n".repeat(301) }],
    fine: [{ "src/event/event.ts": "// line\n".repeat(300) }, { "examples/hub.ts": "// line\n".repeat(400) }],
  },
];

const house = readSourceTree(
  ["src", "instrumentation", "examples", "dashboards"].filter((folder) => existsSync(join(ROOT, folder))),
);

describe("the house", () => {
  it("has files to look at", () => {
    expect(house.map((file) => file.path)).toContain("src/index.ts");
  });

  for (const { title, rule } of CASES) {
    it(title, () => {
      expect(rule(house)).toEqual([]);
    });
  }
});

describe("a house rule", () => {
  for (const { title, rule, broken, fine } of CASES) {
    it(`can fail: ${title}`, () => {
      const accepted = broken.filter((tree) => rule(parseTree(tree)).length === 0);

      expect(accepted).toEqual([]);
    });

    it(`can hold: ${title}`, () => {
      const breaches = fine.flatMap((tree) => rule(parseTree(tree)));

      expect(breaches).toEqual([]);
    });
  }
});

function parseTree(tree: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(tree).map(([path, source]) => parseSourceFile(path, source));
}
