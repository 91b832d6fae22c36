import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { previewNames } from "./preview-names.ts";

const languages = ["en", "tr", "ar", "es", "pt-BR", "hi", "id", "fr"];
let live: LiveServer;
let names: string[];
/** Every page in English, by its name. */
let pages: (readonly [name: string, text: string])[];
beforeAll(async () => {
  live = await startLiveServer({}, { pages: { isDevelopment: true } });
  names = await previewNames(live.url);
  pages = await Promise.all(names.map(async (name) => [name, await read(name, "en")] as const));
});
afterAll(() => live?.[Symbol.asyncDispose]());

const read = async (preview: string, language: string) =>
  (await fetch(`${live.url}/sign-in?${new URLSearchParams({ preview, language })}`)).text();

/** What stands where a text should, in a page of a language. */
async function findGap(name: string, language: string): Promise<string | undefined> {
  const found = (await read(name, language)).match(/undefined|\[object|\{\w+\}|>null</)?.[0];
  return found && `${name} in ${language}: ${found}`;
}

describe.skipIf(!isService)("the preview of every page", () => {
  test("is there in development alone", async () => {
    await using other = await startLiveServer();
    const page = await (await fetch(`${other.url}/sign-in?preview`)).text();
    expect(page).toContain("<h1>Sign in</h1>");
    expect(page).not.toContain("Preview");
  });

  test("shows every state by its name, each in another language than the next, without a gap in its texts", async () => {
    expect(names.length).toBeGreaterThan(40);
    const gaps = names.map((name, at) => findGap(name, languages[at % languages.length] ?? "en"));
    expect((await Promise.all(gaps)).filter(Boolean)).toEqual([]);
  });

  test("shows every state in every language, without a gap in its texts", { tags: ["long"] }, async () => {
    const gaps = names.flatMap((name) => languages.map((language) => findGap(name, language)));
    expect((await Promise.all(gaps)).filter(Boolean)).toEqual([]);
  });

  test("asks for passwords where nobody reads along, and lets a password manager fill them in", async () => {
    const seen = new Set<string>();
    for (const [preview, page] of pages) {
      const fields = [...page.matchAll(/<input [^>]*name="(\w*password\w*)"[^>]*>/gi)];
      for (const [field, name = ""] of fields) {
        seen.add(name);
        expect(field, preview).toContain('type="password"');
        expect(field, preview).toMatch(/autocomplete="(current|new)-password"/);
        expect(field, preview).not.toMatch(/onpaste|maxlength="\d{1,2}"|readonly/i);
      }
    }
    expect(seen.size).toBeGreaterThan(2);
  });

  test("says of each field what it is for, so that browsers fill it in, and takes whatever is pasted", async () => {
    const purposes = new Map<string, Set<string>>();
    for (const [preview, page] of pages) {
      for (const [field, name = ""] of page.matchAll(/<input id="[^"]*" name="(\w+)"[^>]*>/g)) {
        expect(field, preview).not.toMatch(/ on\w+=|maxlength="\d"/i);
        const [, purpose = "none"] = /autocomplete="([^"]*)"/.exec(field) ?? [];
        purposes.set(name, (purposes.get(name) ?? new Set()).add(purpose));
      }
    }
    expect(Object.fromEntries([...purposes].map(([name, said]) => [name, [...said].sort()]))).toEqual({
      ...{ username: ["username", "username webauthn"], to: ["email", "tel", "username"] },
      ...{
        password: ["current-password", "new-password"],
        currentPassword: ["current-password"],
        newPassword: ["new-password"],
      },
      // A code of a message, and one of paper, which no browser knows.
      ...{ code: ["off", "one-time-code"], totp: ["one-time-code"] },
      ...{ firstName: ["given-name"], lastName: ["family-name"], country: ["country-name"] },
      ...{ city: ["address-level2"], state: ["address-level1"] },
      // The name of a passkey.
      name: ["none"],
    });
  });

  test("names the request of a fault as its header and the log do", async () => {
    const response = await fetch(`${live.url}/sign-in?preview=fault&language=en`);
    const id = response.headers.get("x-request-id");
    expect(id).toMatch(/^[\w-]{8,}$/);
    expect(await response.text()).toContain(`<code>${id}</code>`);
    expect(live.logged.join()).toContain(`"requestId":"${id}"`);
  });

  test("holds no page that leads away by itself", () => {
    for (const [name, page] of pages) expect(page, name).not.toMatch(/http-equiv="refresh"/i);
  });
});
