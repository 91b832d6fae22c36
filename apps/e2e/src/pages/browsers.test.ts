import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPage, tablesOf } from "../docs/documents.ts";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createFormClient, type FormClient } from "./form-client.ts";

const credentials = { username: "alice", password: "correct horse battery" };
let live: LiveServer;
let browser: FormClient;
beforeAll(async () => {
  live = await startLiveServer({ passkeys: { rpId: "localhost", allowsLocalhost: true } });
  await live.test.auth.createUser(credentials);
});
afterAll(() => live?.[Symbol.asyncDispose]());

let forms = 0;
const signIn = (headers?: Record<string, string | null>) => {
  browser = createFormClient(live.url);
  return browser.post("/cookie/sign-in", { form: String(++forms), ...credentials }, headers);
};
const placeOf = (response: Response) => response.headers.get("location") ?? "";
/** As it is shown at a name of this machine, where browsers have passkeys. */
const read = async (path: string) => (await fetch(live.url.replace("127.0.0.1", "localhost") + path)).text();

/** By what docs/pages.md calls what a browser has not. */
const without: Readonly<Record<string, () => Promise<void>>> = {
  async cookies() {
    expect(placeOf(await signIn())).toBe("/account");
    const stranger = await createFormClient(live.url).get("/account");
    expect([stranger.status, placeOf(stranger)]).toEqual([303, "/cookie/renew?to=%2Faccount"]);
    expect(placeOf(await createFormClient(live.url).get(placeOf(stranger)))).toBe("/sign-in?return_to=%2Faccount");
  },

  async "`Sec-Fetch-Site` and `Origin`"() {
    const answer = await signIn({ origin: null, "sec-fetch-site": null });
    expect([answer.status, browser.cookies.size]).toEqual([403, 0]);
    expect(await answer.text()).toContain("This form was not sent from this site, so nothing was done.");
  },

  async "`SameSite` and the prefixes of cookies"() {
    await signIn();
    const answer = await browser.post(
      "/cookie/account/devices",
      { form: String(++forms), others: "yes" },
      { origin: "https://evil.example", "sec-fetch-site": null },
    );
    expect(answer.status).toBe(403);
  },

  async "`Content-Security-Policy`"() {
    for (const path of ["/sign-in", "/register", "/reset"]) {
      const text = await read(path);
      const sources = [...text.matchAll(/(?:src|href|action)="([^"]+)"/g)].map(([, source = ""]) => source);
      expect(sources.filter((source) => !/^(\/(?!\/)|data:,$|\?)/.test(source))).toEqual([]);
      expect(text.match(/<script(?![^>]* src=)|<style| on\w+=|style="/gi)).toBeNull();
    }
  },

  async JavaScript() {
    const text = await read("/sign-in");
    expect(text).toMatch(/<form [^>]*data-passkey="[^"]+" hidden>/);
    expect(text).toMatch(/<form [^>]*method="post"[^>]*action="\/cookie\/sign-in"/);
  },

  async passkeys() {
    const forms = (await read("/sign-in")).match(/<form [^>]*data-passkey[^>]*>/g) ?? [];
    expect(forms.length).toBeGreaterThan(0);
    for (const form of forms) expect(form).toMatch(/ hidden>$/);
  },
};

const table = tablesOf(await readPage("docs/pages.md")).find(([first]) => first?.[0] === "cookies") ?? [];

test("docs/pages.md says of each thing that browsers do for the pages what becomes of one that does not", () => {
  expect(table.map(([name]) => name)).toEqual(Object.keys(without));
  for (const [name, becomes = ""] of table) expect(becomes.length, name).toBeGreaterThan(20);
});

describe.skipIf(!isService)("in a browser as old as one likes", () => {
  test.each(Object.keys(without))("a browser without %s is treated as docs/pages.md says", (name) => without[name]?.());
});
