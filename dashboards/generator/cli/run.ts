import { BusError } from "../../../src/errors.ts";
import { generate } from "../generate.ts";
import { type DashboardsCommand, readArguments, USAGE } from "./arguments.ts";
import { compareFiles, writeFiles } from "./files.ts";
import { loadSource } from "./load-source.ts";

/** Where the command line writes. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}

/** Runs `spanbus` with these arguments; the exit code: 0 when all is well, 1 for trouble, 2 for wrong usage. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const command = readArguments(args);
    if (command.help) {
      terminal.out(USAGE);
      return 0;
    }
    return await runDashboards(command, terminal);
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    terminal.err(`spanbus: ${error.message}\n`);
    return error.code === "INVALID_OPTION" ? 2 : 1;
  }
}

async function runDashboards(command: DashboardsCommand, terminal: Terminal): Promise<number> {
  const { out, check, from, exportName, help: _help, ...options } = command;
  const source = from === undefined ? undefined : await loadSource(from, exportName);
  const files = await compareFiles(out, await generate(source, options));
  const changed = files.filter(({ state }) => state !== "the same");
  if (!check) await writeFiles(out, files);
  for (const { path, state } of changed) terminal.out(`${check ? state : "wrote"} ${out.replace(/\/$/, "")}/${path}\n`);
  const verb = check ? "would change" : "changed";
  terminal.out(`${changed.length} of ${files.length} files ${verb} below ${out}\n`);
  return check && changed.length > 0 ? 1 : 0;
}
