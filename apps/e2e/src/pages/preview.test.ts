import { describe, expect, test } from "vitest";
import { isService, startLiveServer } from "../live-server.ts";
import { previewNames } from "./preview-names.ts";

describe.skipIf(!isService)("the preview of every page", () => {
  test("is there in development alone", async () => {
    await using live = await startLiveServer();
    const page = await (await fetch(`${live.url}/sign-in?preview`)).text();
    expect(page).toContain("<h1>Sign in</h1>");
    expect(page).not.toContain("Preview");
  });

  test("shows every state by its name, in every language, without a gap in its texts", async () => {
    await using live = await startLiveServer({}, { pages: { isDevelopment: true } });
    const names = await previewNames(live.url);
    expect(names.length).toBeGreaterThan(40);
    const gaps = names.flatMap((name) =>
      ["en", "tr", "ar", "es", "pt-BR", "hi", "id", "fr"].map(async (language) => {
        const response = await fetch(`${live.url}/sign-in?${new URLSearchParams({ preview: name, language })}`);
        const text = await response.text();
        const found = text.match(/undefined|\[object|\{\w+\}|>null</)?.[0];
        return found && `${name} in ${language}: ${found}`;
      }),
    );
    expect((await Promise.all(gaps)).filter(Boolean)).toEqual([]);
  });

  test("asks for passwords where nobody reads along, and lets a password manager fill them in", async () => {
    await using live = await startLiveServer({}, { pages: { isDevelopment: true } });
    const seen = new Set<string>();
    for (const preview of await previewNames(live.url)) {
      const page = await (
        await fetch(`${live.url}/sign-in?${new URLSearchParams({ preview, language: "en" })}`)
      ).text();
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
    await using live = await startLiveServer({}, { pages: { isDevelopment: true } });
    const purposes = new Map<string, Set<string>>();
    for (const preview of await previewNames(live.url)) {
      const page = await (await fetch(`${live.url}/sign-in?preview=${preview}&language=en`)).text();
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
    await using live = await startLiveServer({}, { pages: { isDevelopment: true } });
    const response = await fetch(`${live.url}/sign-in?preview=fault&language=en`);
    const id = response.headers.get("x-request-id");
    expect(id).toMatch(/^[\w-]{8,}$/);
    expect(await response.text()).toContain(`<code>${id}</code>`);
    expect(live.logged.join()).toContain(`"requestId":"${id}"`);
  });

  test("holds no page that leads away by itself", async () => {
    await using live = await startLiveServer({}, { pages: { isDevelopment: true } });
    for (const name of await previewNames(live.url)) {
      const page = await (await fetch(`${live.url}/sign-in?preview=${name}`)).text();
      expect(page, name).not.toMatch(/http-equiv="refresh"/i);
    }
  });
});
