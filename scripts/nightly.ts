import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/**
 * `npm run test:nightly`: the properties of the test suite with a million cases, from a seed that it prints.
 *
 * `--cases 1000000` in all; `--seed 42` repeats a run; `--path 3:1:0`, with the seed of a failure, goes to the failing
 * case at once (add `-t "part of the test's title"`: paths are of one property). What follows is given to vitest.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: "string", default: process.env.SPANBUS_CASES ?? "1000000" },
    seed: { type: "string", default: process.env.SPANBUS_SEED ?? String(randomInt(2 ** 31)) },
    path: { type: "string" },
    testNamePattern: { type: "string", short: "t" },
  },
});
const { cases, seed, path, testNamePattern } = values;
if (!/^[1-9]\d*$/.test(cases)) throw new Error(`--cases must be a whole number from 1, got ${JSON.stringify(cases)}`);
if (!/^-?\d+$/.test(seed)) throw new Error(`--seed must be a whole number, got ${JSON.stringify(seed)}`);

const again = `npm run test:nightly -- --cases ${cases} --seed ${seed}`;
console.log(`${cases} cases from seed ${seed}; the same again: ${again}`);
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const named = testNamePattern === undefined ? [] : ["-t", testNamePattern];
const child = spawn(
  process.execPath,
  [vitest, "run", "--config", "vitest.nightly.config.ts", ...named, ...positionals],
  {
    stdio: "inherit",
    env: {
      ...process.env,
      SPANBUS_CASES: cases,
      SPANBUS_SEED: seed,
      ...(path === undefined ? {} : { SPANBUS_PATH: path }),
    },
  },
);
child.on("exit", (code) => {
  if (code !== 0) console.log(`failed; the same again: ${again}`);
  process.exitCode = code ?? 1;
});
