import { transform } from "esbuild";
import type { Plugin } from "vitest/config";

const TC39_FILE = /\.decorators\.test\.ts$/;
const LEGACY_FILE = /\.legacy-decorators\.test\.ts$/;

/**
 * Compiles decorator syntax away before vite sees it: Node's type stripping and oxc both leave it in, and no runtime
 * parses it. `*.decorators.test.ts` holds TC39 decorators, `*.legacy-decorators.test.ts` TypeScript's older ones.
 */
export function lowerDecorators(): Plugin {
  return {
    name: "lower-decorators",
    enforce: "pre",
    async transform(code, id) {
      const file = id.split("?", 1)[0] ?? id;
      const legacy = LEGACY_FILE.test(file);
      if (!legacy && !TC39_FILE.test(file)) {
        return;
      }
      const lowered = await transform(code, {
        loader: "ts",
        target: "es2023",
        sourcefile: file,
        sourcemap: true,
        tsconfigRaw: { compilerOptions: { experimentalDecorators: legacy, verbatimModuleSyntax: true } },
      });
      return { code: lowered.code, map: lowered.map };
    },
  };
}
