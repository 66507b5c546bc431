#!/usr/bin/env node
import { run } from "./run.ts";

const code = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
// a module it ran may have started servers or timers; what was written is out by then
process.stdout.write("", () => process.exit(code));
