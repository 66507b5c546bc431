import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sign } from "../../examples/webhook-hub/http/signature.ts";
import { ISSUE, type RunningHub, SECRET, startRunningHub } from "./running-hub.ts";

let running: RunningHub;

beforeAll(async () => {
  running = await startRunningHub({ bodyLimit: 100_000 });
});

afterAll(() => running[Symbol.asyncDispose]());

const SIGNED = sign(SECRET, ISSUE);
const FORM = { "content-type": "application/x-www-form-urlencoded" };

describe("a webhook that is accepted", () => {
  it("is answered with what to search for: its delivery id, the event's id and the trace", async () => {
    const { status, body } = await running.post(ISSUE, { "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958" });

    expect(status).toBe(202);
    expect(body).toEqual({
      event: "github.issues.opened",
      eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      correlationId: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    });
  });

  it.each([
    ["issues", ISSUE, "github.issues.opened"],
    ["push", '{"ref":"refs/heads/main","commits":[]}', "github.push"],
    ["fork", "{}", "github.fork"],
    ["fork", '{"action":null}', "github.fork"],
    ["an_event_of_2031", '{"action":"Re-Invented"}', "github.an_event_of_2031.Re-Invented"],
    ["repository_dispatch", '{"action":"on-demand-test"}', "github.repository_dispatch.on-demand-test"],
    ["repository_dispatch", '{"action":"deploy v1.2!"}', "github.repository_dispatch.deploy_v1_2_"],
    ["__proto__", "{}", "github.__proto__"],
    ["constructor", '{"action":"toString"}', "github.constructor.toString"],
  ])("makes of %s and %s an event %s", async (event, payload, name) => {
    const { status, body } = await running.post(payload, { "x-github-event": event });

    expect([status, body.event]).toEqual([202, name]);
    expect(running.names).toContain(name);
  });

  it("may have a name as long as names can be", async () => {
    const [event, action] = ["e".repeat(64), "a".repeat(64)];
    const { body } = await running.post(JSON.stringify({ action }), { "x-github-event": event });

    expect(body.event).toBe(`github.${event}.${action}`);
  });

  it.each([
    ["with a charset", ISSUE, { "content-type": "application/json; charset=utf-8" }],
    ["with a charset in capitals and quotes", ISSUE, { "content-type": 'Application/JSON; charset="UTF-8"' }],
    ["with a byte order mark", `\ufeff${ISSUE}`, {}],
    ["as a form", new URLSearchParams({ payload: ISSUE }).toString(), FORM],
    ["with brackets in its texts", JSON.stringify({ ...JSON.parse(ISSUE), text: `${"[{".repeat(500)}\\"` }), {}],
    ["with keys that objects have of themselves", ISSUE.replace("{", '{"toString":1,"then":2,'), {}],
    ["with a traceparent that is none", ISSUE, { traceparent: "zz" }],
    ["with a traceparent as long as a novel", ISSUE, { traceparent: "0".repeat(5_000) }],
  ])("may come %s", async (_, payload, headers) => {
    const { status } = await running.post(payload, headers);

    expect(status).toBe(202);
  });

  it("may come without a delivery id", async () => {
    const [one, other] = [await running.post(ISSUE), await running.post(ISSUE)];

    expect([one.status, other.status]).toEqual([202, 202]);
    expect(one.body.correlationId).not.toBe(other.body.correlationId);
  });

  it("reaches the handlers as it came", async () => {
    const published = running.hub.bus.waitFor("github.fork");
    const payload = { forkee: { id: 1, owner: { login: "o" } }, unheard_of: [1, { two: null }] };
    await running.post(JSON.stringify(payload), { "x-github-event": "fork" });

    expect((await published).data).toEqual(payload);
  });
});

describe("a webhook that arrives twice", () => {
  const headers = { "x-github-delivery": "one-delivery" };

  it("is published once and answered the same", async () => {
    const answers = await Promise.all([running.post(ISSUE, headers), running.post(ISSUE, headers)]);
    answers.push(await running.post(ISSUE, headers));

    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 202]);
    expect(new Set(answers.map((answer) => answer.body.eventId)).size).toBe(1);
  });

  it("is another webhook when its body or its event is another", async () => {
    const first = await running.post(ISSUE, { "x-github-delivery": "reused" });
    const others = [
      await running.post(`${ISSUE} `, { "x-github-delivery": "reused" }),
      await running.post(ISSUE, { "x-github-delivery": "reused", "x-github-event": "fork" }),
    ];

    expect([first, ...others].map((answer) => answer.status)).toEqual([202, 202, 202]);
  });

  it("is looked at again when it was refused", async () => {
    const refused = { "x-github-delivery": "refused" };
    const answers = [
      await running.post('{"action":"opened"}', refused),
      await running.post('{"action":"opened"}', refused),
    ];

    expect(answers.map((answer) => answer.status)).toEqual([422, 422]);
  });
});

describe("a webhook that is refused", () => {
  const webhooks = (): number => running.names.filter((name) => name.startsWith("github.")).length;

  it.each([
    ["no signature", 401, "missing_signature", ISSUE, { "x-hub-signature-256": undefined }],
    ["an old signature", 401, "missing_signature", ISSUE, { "x-hub-signature-256": `sha1=${"a".repeat(40)}` }],
    ["two signatures", 401, "missing_signature", ISSUE, { "x-hub-signature-256": `${SIGNED}, ${SIGNED}` }],
    ["another's signature", 401, "wrong_signature", ISSUE, { "x-hub-signature-256": sign("another", ISSUE) }],
    ["another body's signature", 401, "wrong_signature", `${ISSUE} `, { "x-hub-signature-256": SIGNED }],
    ["plain text", 415, "unsupported_media_type", ISSUE, { "content-type": "text/plain" }],
    ["parts", 415, "unsupported_media_type", ISSUE, { "content-type": "multipart/form-data; boundary=x" }],
    ["no type at all", 415, "unsupported_media_type", ISSUE, { "content-type": ";;;" }],
    ["UTF-16", 415, "unsupported_charset", ISSUE, { "content-type": "application/json; charset=utf-16" }],
    ["compression", 415, "unsupported_encoding", ISSUE, { "content-encoding": "gzip" }],
    ["too much", 413, "body_too_large", `{"text":"${"x".repeat(100_000)}"}`, {}],
    ["no event", 400, "missing_event", ISSUE, { "x-github-event": undefined }],
    ["an event with dots", 400, "invalid_event", ISSUE, { "x-github-event": "a.b" }],
    ["a pattern as event", 400, "invalid_event", ISSUE, { "x-github-event": "*" }],
    ["an empty event", 400, "invalid_event", ISSUE, { "x-github-event": "" }],
    ["a long event", 400, "invalid_event", ISSUE, { "x-github-event": "e".repeat(65) }],
    ["a delivery of two words", 400, "invalid_delivery", ISSUE, { "x-github-delivery": "two words" }],
    ["a long delivery", 400, "invalid_delivery", ISSUE, { "x-github-delivery": "d".repeat(129) }],
    ["nothing", 400, "invalid_json", "", {}],
    ["half a payload", 400, "invalid_json", "{", {}],
    ["a poisoned prototype", 400, "invalid_json", '{"a":{"__proto__":{}}}', {}],
    ["a disguised prototype", 400, "invalid_json", '{"a":{"\\u005f_proto__":{}}}', {}],
    ["a poisoned constructor", 400, "invalid_json", '{"constructor":{"prototype":{}}}', {}],
    ["a list", 400, "not_an_object", "[]", {}],
    ["null", 400, "not_an_object", "null", {}],
    ["text", 400, "not_an_object", '"text"', {}],
    ["65 objects in each other", 400, "nested_too_deep", `${'{"a":'.repeat(65)}1${"}".repeat(65)}`, {}],
    ["brackets without end", 400, "nested_too_deep", "[".repeat(99_000), {}],
    ["a form with two payloads", 400, "invalid_form", "payload={}&payload={}", FORM],
    ["a form without a payload", 400, "invalid_form", "body={}", FORM],
    ["a form that is broken", 400, "invalid_json", "payload=%ZZ", FORM],
    ["a number as action", 422, "invalid_action", '{"action":5}', {}],
    ["an empty action", 422, "invalid_action", '{"action":""}', {}],
    ["an action with dots", 422, "invalid_action", '{"action":"a.b"}', {}],
    ["an object as action", 422, "invalid_action", '{"action":{"a":1}}', {}],
    ["an issue event without an issue", 422, "invalid_data", '{"action":"opened"}', {}],
    ["a list as issue", 422, "invalid_data", '{"action":"opened","issue":[]}', {}],
    ["text as number", 422, "invalid_data", '{"action":"opened","issue":{"number":"7"}}', {}],
    ["text as repository", 422, "invalid_data", ISSUE.replace("{", '{"repository":"x",'), {}],
    ["a long login", 422, "invalid_data", ISSUE.replace("{", `{"sender":{"login":"${"x".repeat(101)}"},`), {}],
  ])("for %s gets %i %s", async (_, status, error, payload, headers) => {
    const before = webhooks();
    const answer = await running.post(payload, headers);

    expect([answer.status, answer.body.error]).toEqual([status, error]);
    expect(answer.body.message).toEqual(expect.any(String));
    expect(webhooks()).toBe(before);
  });

  it("gets 400 for bytes that are no UTF-8", async () => {
    const answer = await running.post(Buffer.from('{"action":"é"}', "latin1"));

    expect([answer.status, answer.body.error]).toEqual([400, "not_utf8"]);
  });

  it("gets 415 without a media type", async () => {
    const answer = await running.post(Buffer.from(ISSUE), { "content-type": undefined });

    expect(answer.status).toBe(415);
  });

  it("is told which fields are wrong", async () => {
    const { body } = await running.post('{"action":"opened","issue":{"number":"7"}}');

    expect(body.issues).toEqual([{ path: "issue.number", message: expect.any(String) }]);
  });

  it("gets 413 before millions of values are built from few bytes", async () => {
    await using roomy = await startRunningHub();
    const answer = await roomy.post(`{"list":[${"{},".repeat(500_001)}0]}`);

    expect([answer.status, answer.body.error]).toEqual([413, "too_many_values"]);
  });

  it("gets 503 once the bus takes nothing more", async () => {
    await using closing = await startRunningHub();
    await closing.hub.bus.drain();
    const answer = await closing.post(ISSUE);

    expect([answer.status, answer.body.error]).toEqual([503, "bus_closed"]);
  });
});

describe("the service", () => {
  it("tells that it is well", async () => {
    const response = await fetch(new URL("/healthz", running.url));

    expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
  });

  it("says where webhooks are taken, and how", async () => {
    const elsewhere = await fetch(new URL("/webhooks", running.url), { method: "POST" });
    const otherwise = await fetch(running.url);

    expect(elsewhere.status).toBe(404);
    expect([otherwise.status, otherwise.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("answers before its handlers are done", async () => {
    const gate = new AbortController();
    const handled = vi.fn();
    running.hub.bus.subscribe("github.gate.*", () => once(gate.signal, "abort").then(handled), { name: "gate" });

    const { status } = await running.post('{"action":"shut"}', { "x-github-event": "gate" });

    expect(status).toBe(202);
    expect(handled).not.toHaveBeenCalled();
    gate.abort();
  });

  it("does not wait for senders that dawdle", async () => {
    const head = `POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n`;
    await using hasty = await startRunningHub({ requestTimeoutMs: 200 });
    const answer = await exchange(hasty, `${head}X-Hub-Signature-256: ${sign(SECRET, "{}")}\r\n\r\n{`);

    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("asks nobody unsigned for their body", async () => {
    const answer = await exchange(
      running,
      "POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n",
    );

    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });
});

/** Writes text to a hub's socket; resolves with the first thing it says. */
function exchange({ port }: RunningHub, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.once("error", reject);
  });
}
