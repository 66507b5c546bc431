import { describe, expect, it } from "vitest";
import { readSettings, USAGE, UsageError } from "../../examples/webhook-hub/command-line.ts";

describe("the command line", () => {
  it("replays unless it is told otherwise", () => {
    expect(readSettings([], {})).toEqual({
      mode: "replay",
      port: 0,
      rate: 5,
      seed: 1,
      secret: undefined,
      logLevel: undefined,
      jaegerUrl: undefined,
    });
  });

  it("takes options, and what the environment says", () => {
    const args = ["--serve", "--rate", "0", "--port=8080", "--seed", "7"];

    const settings = readSettings(args, { PORT: "1", WEBHOOK_SECRET: "s", LOG_LEVEL: "debug", JAEGER_URL: "http://j" });

    expect(settings).toEqual({
      mode: "serve",
      port: 8080,
      rate: 0,
      seed: 7,
      secret: "s",
      logLevel: "debug",
      jaegerUrl: "http://j",
    });
    expect(readSettings([], { PORT: "8081", WEBHOOK_SECRET: "" })).toMatchObject({ port: 8081, secret: undefined });
  });

  it("explains itself, and names every option it has", () => {
    expect(readSettings(["-h"], {}).mode).toBe("help");
    for (const name of ["--serve", "--rate", "--port", "--seed", "WEBHOOK_SECRET", "LOG_LEVEL", "JAEGER_URL"]) {
      expect(USAGE).toContain(name);
    }
  });

  it.each([
    [["--nope"], "--nope"],
    [["extra"], "extra"],
    [["--rate"], "--rate"],
    [["--rate", "5"], "--serve"],
    [["--serve", "--rate", "many"], "many"],
    [["--serve", "--rate", "1001"], "1000"],
    [["--serve", "--rate", "0.5"], "0.5"],
    [["--port", "65536"], "65535"],
    [["--port", "-1"], "--port"],
    [["--seed", "1e3"], "1e3"],
    [["--seed", "9".repeat(17)], "--seed"],
  ])("refuses %j and says why", (args, telling) => {
    expect(() => readSettings(args, {})).toThrow(UsageError);
    expect(() => readSettings(args, {})).toThrow(telling);
  });

  it.each([
    ["PORT", "http"],
    ["LOG_LEVEL", "loud"],
    ["JAEGER_URL", "localhost:16686"],
    ["JAEGER_URL", "http://user:secret@localhost"],
  ])("refuses a bad %s and says why", (name, value) => {
    expect(() => readSettings([], { [name]: value })).toThrow(`${name} is "${value}"`);
  });
});
