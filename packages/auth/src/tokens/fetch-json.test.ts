import { afterEach, expect, test, vi } from "vitest";
import { fetchJson } from "./fetch-json.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("asks for no answer that a framework has kept, and never where a redirect leads", async () => {
  const noted: RequestInit[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
    noted.push(init ?? {});
    return Response.json({ keys: [] });
  });
  const url = new URL("https://auth.example.com/.well-known/jwks.json");
  expect(await fetchJson(url, { timeout: 5, longestAnswer: 1_000 })).toEqual({ status: 200, body: { keys: [] } });
  expect(noted).toEqual([expect.objectContaining({ cache: "no-store", redirect: "manual" })]);
});
