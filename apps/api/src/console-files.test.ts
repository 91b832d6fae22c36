import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { parsePublicUrl } from "@latchkey/server/internal";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openConsoleFiles } from "./console-files.ts";

let path: string;
let folder: URL;
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), "console-"));
  folder = pathToFileURL(`${path}/`);
  await mkdir(join(path, "assets"));
  await writeFile(join(path, "index.html"), '<head></head><script src="./assets/index-1.js"></script>');
  await writeFile(join(path, "assets/index-1.js"), "plain");
  await writeFile(join(path, "assets/index-1.js.gz"), gzipSync("compressed"));
  await writeFile(join(path, "assets/alone-1.css"), "alone");
  await writeFile(join(path, "assets/secret.txt"), "secret");
});
afterAll(() => rm(path, { recursive: true }));

const ask = (address: string, headers = {}) =>
  openConsoleFiles({ folder }).fetch(new Request(`http://host${address}`, { headers }));

test("behind a path of a proxy the page names its files by that path", async () => {
  const publicUrl = parsePublicUrl("https://example.com/auth") ?? undefined;
  const page = await openConsoleFiles({ folder, publicUrl }).fetch(new Request("http://host/console/people"));
  expect(await page.text()).toBe('<head></head><script src="/auth/console/assets/index-1.js"></script>');
  expect(page.headers.get("content-security-policy")).toMatch(/; report-uri \/auth\/csp-reports$/);
  expect(await (await ask("/console")).text()).toBe('<head></head><script src="/console/assets/index-1.js"></script>');
});

describe("a console with an origin of its own", () => {
  const origin = "https://console.example.com";
  const files = () =>
    openConsoleFiles({ folder, origin, publicUrl: parsePublicUrl("https://auth.example.com/id") ?? undefined });
  const askAt = (host: string, path: string, init: RequestInit = {}) =>
    files().fetch(new Request(`http://10.0.0.7${path}`, { ...init, headers: { host } }));

  test("is at the root of that, and its page names the service, which alone it may call", async () => {
    for (const path of ["/", "/people/42", "/trpc/me.get", "/console"]) {
      const page = await askAt("console.example.com", path);
      const text = await page.text();
      expect(text).toContain('<meta name="latchkey-service" content="https://auth.example.com/id" />');
      expect(text).toContain('src="/assets/index-1.js"');
      expect(page.headers.get("content-security-policy")).toContain("connect-src https://auth.example.com;");
      expect(page.headers.get("content-security-policy")).toMatch(
        /report-uri https:\/\/auth\.example\.com\/id\/csp-reports$/,
      );
    }
    expect(await (await askAt("Console.Example.com:443", "/assets/index-1.js")).text()).toBe("plain");
    expect((await askAt("console.example.com", "/assets/secret.txt")).status).toBe(404);
    expect((await askAt("console.example.com", "/trpc/me.get", { method: "POST" })).status).toBe(405);
  });

  test.each([
    ["/console", "/"],
    ["/console/people?status=active&by=id", "/people?status=active&amp;by=id"],
    ["/console//evil.example", "//evil.example"],
    ["/console/<script>'", "/%3Cscript%3E&#39;"],
    ["/console/assets/index-1.js", "/assets/index-1.js"],
  ])("%s of the service leads there, by a page and to no other origin", async (path, to) => {
    for (const host of ["auth.example.com", "console.example.com.evil.example", "evil.example/console.example.com"]) {
      const page = await askAt(host, path);
      expect(await page.text(), host).toContain(`<meta http-equiv="refresh" content="0;url=${origin}${to}">`);
      expect([page.status, page.headers.get("location")]).toEqual([200, null]);
    }
  });
});

test("a compressed copy is sent to those alone who say that they can read it, and where there is one", async () => {
  const sent = await ask("/console/assets/index-1.js", { "accept-encoding": "br, gzip" });
  expect(gunzipSync(Buffer.from(await sent.arrayBuffer())).toString()).toBe("compressed");
  for (const encodings of ["br", "gzip;q=0", "gzip; q=0.0, br", "xgzip"]) {
    expect(await (await ask("/console/assets/index-1.js", { "accept-encoding": encodings })).text()).toBe("plain");
  }
  const alone = await ask("/console/assets/alone-1.css", { "accept-encoding": "gzip" });
  expect([await alone.text(), alone.headers.get("content-encoding")]).toEqual(["alone", null]);
});

test("what is no file of a build is not there, be it in the folder", async () => {
  for (const name of ["secret.txt", "..%2findex.html", "index-1.js.gz", "index-1.js%00", "a/index-1.js", "none.js"]) {
    const { status, headers } = await ask(`/console/assets/${name}`);
    expect([status === 404 || headers.get("content-type")?.startsWith("text/html")], name).toEqual([true]);
  }
});

test("a service without a build says how to make one, and names nothing of its machine", async () => {
  const missing = openConsoleFiles({ folder: new URL("none/", folder) });
  const answer = await missing.fetch(new Request("http://host/console"));
  const text = await answer.text();
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "10"]);
  expect(text).toContain("npx -y pnpm@12 --filter @latchkey/console build");
  expect(text).not.toContain(path);
});
