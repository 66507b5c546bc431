/**
 * What `read` makes of a program's arguments. `--help` prints the usage and ends the program; what `read` throws ends it
 * with one line and exit code 1.
 */
export function readArguments<Options>(
  args: readonly string[],
  usage: string,
  read: (args: readonly string[]) => Options,
): Options {
  if (args.includes("--help")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return read(args);
  } catch (error: unknown) {
    const message = error instanceof Error ? error.message.split(/\n|\. To specify/)[0] : String(error);
    return fail(`${message} (--help tells what there is)`);
  }
}

/** Ends the program with a message. */
export function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
