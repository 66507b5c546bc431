import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readDefinition } from "../../src/catalog/event-definition.ts";
import { BusError } from "../../src/errors.ts";
import { DURATION_BOUNDARIES } from "../../src/telemetry/semconv.ts";

function refusalOf(draft: unknown): unknown {
  try {
    return readDefinition("order.placed", draft);
  } catch (error) {
    return error;
  }
}

const standard = { version: 1, vendor: "by hand", validate: (value: unknown) => ({ value }) };

describe("readDefinition", () => {
  it("takes over every option", () => {
    const draft = {
      schema: z.object({ orderId: z.string() }),
      attributes: { "order.id": (data: { orderId: string }) => data.orderId },
      sensitive: ["email", "card.number", "items.0.card"],
      slo: { success: 0.999, latency: { withinMs: 250, ratio: 0.99 } },
      trace: "link",
      spans: "off",
      description: "someone ordered",
    };

    const definition = readDefinition("order.placed", draft);

    expect(definition).toEqual(draft);
    expect(definition.schema).toBe(draft.schema);
  });

  it("takes undefined for an option left out", () => {
    const draft = {
      schema: undefined,
      attributes: undefined,
      sensitive: undefined,
      slo: { success: 0.9, latency: undefined },
      trace: undefined,
    };

    const definition = readDefinition("order.placed", draft);

    expect(definition).toEqual(draft);
  });

  it.each([
    ["an object", { "~standard": standard }],
    ["a function, as arktype's are", Object.assign(() => undefined, { "~standard": standard })],
  ])("takes a schema that is %s", (_, schema) => {
    const definition = readDefinition("order.placed", { schema });

    expect(definition.schema).toBe(schema);
  });

  it("takes every bucket boundary for a latency", () => {
    const boundaries = [
      0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000,
    ];

    const taken = boundaries.map((withinMs) => {
      return readDefinition("order.placed", { slo: { latency: { withinMs, ratio: 0.5 } } }).slo?.latency?.withinMs;
    });

    expect(taken).toEqual(boundaries);
    expect(boundaries).toHaveLength(DURATION_BOUNDARIES.length);
  });

  it.each<[draft: unknown, problem: string]>([
    [undefined, "a definition is an object such as { schema, attributes }, got undefined"],
    [null, "a definition is an object such as { schema, attributes }, got null"],
    [[], "a definition is an object such as { schema, attributes }, got an array of 0"],
    [z.string, "a definition is an object such as { schema, attributes }, got function"],
    [{ scheme: z.string() }, 'there is no option "scheme"'],
    [{ schema: "x" }, 'schema must be a Standard Schema (of zod, valibot, arktype, … or by hand), got "x"'],
    [{ schema: null }, "schema must be a Standard Schema"],
    [{ schema: {} }, "schema must be a Standard Schema"],
    [{ schema: { "~standard": { ...standard, version: 2 } } }, "schema must be a Standard Schema"],
    [{ schema: { "~standard": { ...standard, validate: "x" } } }, "schema must be a Standard Schema"],
    [{ attributes: [] }, "attributes must be functions by attribute"],
    [{ attributes: { "": () => 1 } }, 'the attribute name "" is empty; name it after your domain: "order.id"'],
    [{ attributes: { "messaging.system.name": () => 1 } }, 'is spanbus\'s own, like all that begins with "messaging."'],
    [{ attributes: { "spanbus.x": () => 1 } }, 'is spanbus\'s own, like all that begins with "spanbus."'],
    [{ attributes: { "error.type": () => 1 } }, 'the attribute name "error.type" is spanbus\'s own'],
    [
      { attributes: { "order.id": "orderId" } },
      'the attribute "order.id" must be a function of the data, got "orderId"',
    ],
    [{ sensitive: "email" }, 'sensitive must be an array of paths into the data, such as ["card.number"], got "email"'],
    [{ sensitive: ["email", 7] }, 'sensitive holds 7; write keys joined by dots, such as "card.number"'],
    [{ sensitive: [undefined] }, "sensitive holds undefined"],
    [{ sensitive: [""] }, 'sensitive holds ""'],
    [{ sensitive: ["card."] }, 'sensitive holds "card."'],
    [{ slo: 0.99 }, "slo must be an object such as { success: 0.999 }, got 0.99"],
    [{ slo: {} }, "slo: give success, latency or both"],
    [{ slo: { sucess: 0.9 } }, 'slo: there is no option "sucess"'],
    [{ slo: { success: 1 } }, "slo: success must be more than 0 and less than 1, such as 0.999 for 99.9 %, got 1"],
    [{ slo: { success: 0 } }, "slo: success must be more than 0 and less than 1"],
    [{ slo: { success: 99.9 } }, "slo: success must be more than 0 and less than 1"],
    [{ slo: { success: Number.NaN } }, "slo: success must be more than 0 and less than 1"],
    [{ slo: { latency: 250 } }, "slo: latency must be an object such as { withinMs: 250, ratio: 0.99 }, got 250"],
    [{ slo: { latency: {} } }, "slo.latency: give both withinMs and ratio"],
    [{ slo: { latency: { withinMs: 250 } } }, "slo.latency: give both withinMs and ratio"],
    [{ slo: { latency: { ratio: 0.5 } } }, "slo.latency: give both withinMs and ratio"],
    [{ slo: { latency: { withinMs: 250, ratio: 0.5, p: 1 } } }, 'slo.latency: there is no option "p"'],
    [{ slo: { latency: { withinMs: 250, ratio: 1 } } }, "slo.latency: ratio must be more than 0 and less than 1"],
    [
      { slo: { latency: { withinMs: 200, ratio: 0.5 } } },
      "slo.latency: withinMs must be a bucket boundary of the histograms (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 75, " +
        "100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000), got 200",
    ],
    [{ slo: { latency: { withinMs: "250", ratio: 0.5 } } }, "slo.latency: withinMs must be a bucket boundary"],
    [{ trace: "none" }, 'trace must be one of "child", "link", "auto", got "none"'],
    [{ spans: true }, 'spans must be one of "handlers", "events", "off", got true'],
    [{ description: 7 }, "description must be text, got 7"],
  ])("refuses %j, saying why", (draft, problem) => {
    const refusal = refusalOf(draft);

    expect(refusal).toBeInstanceOf(BusError);
    expect(refusal).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringMatching(/^cannot define "order.placed"/),
    });
    expect((refusal as BusError).message).toContain(problem);
  });
});
