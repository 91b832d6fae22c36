import type { Message } from "@latchkey/auth";
import { describe, expect, it } from "vitest";
import { answerInbox, type InboxCall } from "./inbox.ts";

const message: Message = {
  id: "0199",
  channel: "sms",
  to: "+905321234567",
  text: "123456 رمزك في Shop. لا تشاركه مع أحد.\n\n@shop.example #123456",
  code: "123456",
  purpose: "sign_in",
  locale: "ar",
  expiresAt: new Date("2026-01-01T12:10:00Z"),
};

const here: InboxCall = { remoteAddress: "127.0.0.1", headers: { host: ["127.0.0.1:3000"] } };
const ask = (call: InboxCall, method = "GET") =>
  answerInbox(new Request("http://127.0.0.1:3000/dev/inbox", { method }), call, [message]);

describe("the inbox", () => {
  it.each<[title: string, call: InboxCall]>([
    ["another machine", { ...here, remoteAddress: "10.0.0.7" }],
    ["an unknown peer", { ...here, remoteAddress: undefined }],
    ["a name that leads here", { ...here, headers: { host: ["attacker.example:3000"] } }],
    ["a name that looks like this machine", { ...here, headers: { host: ["localhost.attacker.example"] } }],
    ["no name at all", { ...here, headers: {} }],
    ["two names", { ...here, headers: { host: ["localhost", "attacker.example"] } }],
    ["a proxy on this machine", { ...here, headers: { ...here.headers, "x-forwarded-for": ["203.0.113.9"] } }],
    [
      "a proxy that says so as RFC 7239 does",
      { ...here, headers: { ...here.headers, forwarded: ["for=203.0.113.9"] } },
    ],
    ["a proxy that says so as RFC 9110 does", { ...here, headers: { ...here.headers, via: ["1.1 proxy"] } }],
  ])("is not there for %s", async (_, call) => {
    const answer = ask(call);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain("123456");
  });

  it.each([
    ["127.0.0.1", "localhost:3000"],
    ["::1", "[::1]:3000"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
  ])(
    "shows a browser on this machine (%s, %s) what was printed, with nothing that could run",
    async (remoteAddress, host) => {
      const answer = ask({ remoteAddress, headers: { host: [host] } });
      const page = await answer.text();
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(page).toContain("+905321234567");
      expect(page).toContain('lang="ar"');
      expect(page).toContain(message.text);
      expect(page).not.toContain("<script");
    },
  );

  it("shows a text as text, whatever is in it", async () => {
    const evil = { ...message, to: '"><script>alert(1)</script>', text: "<img src=x onerror=alert(1)>&" };
    const page = await answerInbox(new Request("http://localhost/dev/inbox"), here, [evil]).text();
    expect(page).toContain("&lt;img src=x onerror=alert(1)&gt;&amp;");
    expect(page).not.toMatch(/<script|<img/);
  });

  it("takes no other method", () => {
    const answer = ask(here, "POST");
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});
