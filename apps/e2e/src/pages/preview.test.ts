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

  test("holds no page that leads away by itself", async () => {
    await using live = await startLiveServer({}, { pages: { isDevelopment: true } });
    for (const name of await previewNames(live.url)) {
      const page = await (await fetch(`${live.url}/sign-in?preview=${name}`)).text();
      expect(page, name).not.toMatch(/http-equiv="refresh"/i);
    }
  });
});
