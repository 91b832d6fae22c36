import { describe, expect, test } from "vitest";
import { createViolations, type Violation, violationsPath } from "./violations.ts";

const address = `https://auth.example.com/latchkey${violationsPath}`;

function start() {
  const told: object[] = [];
  let time = 0;
  const take = createViolations({
    pages: new Set(["/sign-in", "/account"]),
    publicUrl: { origin: "https://auth.example.com", path: "/latchkey" },
    tell: (_, violation) => void told.push(violation),
    now: () => time,
  });
  const post = async (body: string, type = "application/csp-report") =>
    (await take(new Request(address, { method: "POST", body, headers: { "content-type": type } }))).status;
  const send = (report: object) => post(JSON.stringify({ "csp-report": report }));
  const wait = (milliseconds: number): void => {
    time += milliseconds;
  };
  return { told, take, post, send, wait };
}

const page = "https://auth.example.com/latchkey/sign-in?return_to=%2Forders%2F7";
const good = { "document-uri": page, "effective-directive": "script-src-elem", "blocked-uri": "inline" };

describe("a report of a browser", () => {
  test.each<[string, object, Violation]>([
    ["a script in the page", {}, { page: "/sign-in", directive: "script-src-elem", blocked: "inline" }],
    [
      "a script from elsewhere",
      { "blocked-uri": "https://evil.example/x.js?token=1" },
      { page: "/sign-in", directive: "script-src-elem", blocked: "elsewhere" },
    ],
    [
      "a picture of its own",
      { "effective-directive": "img-src", "blocked-uri": "https://auth.example.com/other.png" },
      { page: "/sign-in", directive: "img-src", blocked: "own" },
    ],
    [
      "an extension of the browser, as an older one says it",
      { "effective-directive": undefined, "violated-directive": "style-src 'self'", "blocked-uri": "moz-extension" },
      { page: "/sign-in", directive: "style-src", blocked: "extension" },
    ],
    [
      "a page of the console",
      { "document-uri": "https://auth.example.com/latchkey/console/people/4?x=1" },
      { page: "/console", directive: "script-src-elem", blocked: "inline" },
    ],
  ])("of %s is told in words that nobody chose", async (_, changes, violation) => {
    const { send, told } = start();
    expect(await send({ ...good, ...changes })).toBe(204);
    expect(told).toEqual([violation]);
  });

  test("that a stranger made up tells nothing of what they wrote", async () => {
    const { send, told } = start();
    for (const hostile of ["alice@example.com", "__proto__", "constructor", "\n\u001b[31m", "a".repeat(2_000)]) {
      await send({ "document-uri": hostile, "effective-directive": hostile, "blocked-uri": hostile });
      await send({ "document-uri": `https://auth.example.com/latchkey/${hostile}`, "blocked-uri": [hostile] });
    }
    expect(told).toEqual([{ page: "other", directive: "other", blocked: "elsewhere" }]);
  });
});

describe("reports without end", () => {
  test("are one line an hour for each kind, and twenty in all", async () => {
    const { send, told, wait } = start();
    for (let time = 0; time < 100; time += 1) expect(await send(good)).toBe(204);
    expect(told).toHaveLength(1);
    const all = ["default-src", "script-src", "style-src", "img-src", "connect-src", "font-src", "frame-src"];
    for (const directive of all)
      for (const blocked of ["inline", "eval", "data", "own", "self", "https://evil.example/"])
        await send({ ...good, "effective-directive": directive, "blocked-uri": blocked });
    expect(told).toHaveLength(20);
    wait(3_599_999);
    await send(good);
    expect(told).toHaveLength(20);
    wait(1);
    await send(good);
    expect(told).toHaveLength(21);
  });

  test("are not read where they are large, of another kind, or no report", async () => {
    const { post, take, told } = start();
    expect(await post("x".repeat(8_193))).toBe(413);
    expect(await post(JSON.stringify({ "csp-report": good }), "application/json")).toBe(415);
    for (const body of ["", "null", "[]", "{}", '{"csp-report":null}', '{"csp-report":"x"}', "{"])
      expect(await post(body), body).toBe(400);
    const { status, headers } = await take(new Request(address));
    expect([status, headers.get("allow")]).toEqual([405, "POST"]);
    expect(told).toEqual([]);
  });
});
