import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readArguments } from "./program.ts";

const USAGE = `npm run test:nightly -- [options] [test files]
The properties of the test suite with a million cases, from a seed that it prints.
  --cases <n>      how many in all, 1000000 by default
  --seed <n>       repeats a run
  --path <3:1:0>   with the seed of a failure: goes to the failing case at once; add -t, paths are of one property
  -t <text>        only tests whose titles have this part`;

const { cases, seed, path, testNamePattern, files } = readArguments(process.argv.slice(2), USAGE, readCommandLine);

const again = `npm run test:nightly -- --cases ${cases} --seed ${seed}`;
console.log(`${cases} cases from seed ${seed}; the same again: ${again}`);
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const named = testNamePattern === undefined ? [] : ["-t", testNamePattern];
const child = spawn(process.execPath, [vitest, "run", "--config", "vitest.nightly.config.ts", ...named, ...files], {
  stdio: "inherit",
  env: {
    ...process.env,
    SPANBUS_CASES: cases,
    SPANBUS_SEED: seed,
    ...(path === undefined ? {} : { SPANBUS_PATH: path }),
  },
});
child.on("exit", (code) => {
  if (code !== 0) console.log(`failed; the same again: ${again}`);
  process.exitCode = code ?? 1;
});

/** What the nightly run was asked to do. */
interface NightlyOptions {
  readonly cases: string;
  readonly seed: string;
  readonly path?: string | undefined;
  readonly testNamePattern?: string | undefined;
  readonly files: readonly string[];
}

function readCommandLine(args: readonly string[]): NightlyOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      cases: { type: "string", default: process.env.SPANBUS_CASES ?? "1000000" },
      seed: { type: "string", default: process.env.SPANBUS_SEED ?? String(randomInt(2 ** 31)) },
      path: { type: "string" },
      testNamePattern: { type: "string", short: "t" },
    },
  });
  const { cases, seed } = values;
  if (!/^[1-9]\d*$/.test(cases)) throw new Error(`--cases must be a whole number from 1, got ${JSON.stringify(cases)}`);
  if (!/^-?\d+$/.test(seed)) throw new Error(`--seed must be a whole number, got ${JSON.stringify(seed)}`);
  return { ...values, files: positionals };
}
