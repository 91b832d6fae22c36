import { describe, expect, it } from "vitest";
import { createCookieTransport } from "./cookie-transport.ts";
import { createOriginRules } from "./origins.ts";
import { parsePublicUrl } from "./public-url.ts";

const token = "r".repeat(43);
const tokens = { refreshToken: "next", refreshExpiresAt: new Date("2027-01-02T03:04:05Z") };

interface Setting {
  readonly publicUrl?: string;
  readonly named?: readonly string[];
  readonly allowsLoopback?: boolean;
}

function createTransport({ publicUrl: text, named = [], allowsLoopback = false }: Setting = {}) {
  const told: string[] = [];
  const tell = (message: string) => void told.push(message);
  const publicUrl = (text && parsePublicUrl(text)) || undefined;
  const origins = createOriginRules({ named, publicUrl, allowsLoopback, tell });
  return { ...createCookieTransport({ origins, publicUrl, tell }), origins, told };
}

function request(headers: Record<string, string> = {}, path = "/cookie/trpc/token.refresh"): Request {
  const all = { host: "127.0.0.1:3000", origin: "http://127.0.0.1:3000", ...headers };
  // `Host` and `Origin` are the browser's to set, and a `Request` made by hand lets nobody else.
  const made = new Request(`http://127.0.0.1:3000${path}`, { method: "POST" });
  return Object.defineProperty(made, "headers", { value: new Headers(all) });
}

/** What a browser keeps: cookies by name, path and domain, and those that were deleted. */
function readLines(lines: readonly string[]) {
  return lines.map((line) => {
    const [pair = "", ...attributes] = line.split("; ");
    const found = (name: string) => attributes.find((attribute) => attribute.startsWith(`${name}=`))?.split("=")[1];
    return { pair, path: found("Path"), domain: found("Domain"), isDeleted: found("Max-Age") === "0", attributes };
  });
}

describe("the names and the places of the cookies", () => {
  it.each<[publicUrl: string | undefined, cookie: string, path: string, isSecure: boolean]>([
    [undefined, "latchkey_refresh", "/cookie", false],
    ["http://auth.example.com", "latchkey_refresh", "/cookie", false],
    ["http://intra.example.com/auth", "latchkey_refresh", "/auth/cookie", false],
    ["https://auth.example.com", "__Host-latchkey_refresh", "/", true],
    ["https://example.com/auth", "__Secure-latchkey_refresh", "/auth/cookie", true],
    ["https://example.com/a/b", "__Secure-latchkey_refresh", "/a/b/cookie", true],
  ])("follow from PUBLIC_URL=%s", (publicUrl, cookie, path, isSecure) => {
    const call = createTransport(publicUrl ? { publicUrl } : {}).open(request());
    call.keep({ ...tokens, deviceMark: "mark" });

    const [device, refresh] = readLines(call.lines);
    expect(device?.pair).toBe(`${cookie.replace("refresh", "device")}=mark`);
    expect(refresh).toMatchObject({ pair: `${cookie}=next`, path, domain: undefined });
    expect(refresh?.attributes).toContain("Expires=Sat, 02 Jan 2027 03:04:05 GMT");
    for (const { attributes } of [device, refresh].filter((line) => line !== undefined)) {
      expect(attributes).toEqual(expect.arrayContaining(["HttpOnly", "SameSite=Strict"]));
      expect(attributes.includes("Secure")).toBe(isSecure);
    }
  });

  it("are secure without the setting as well, unless the page came without TLS", () => {
    const call = createTransport().open(request({ origin: "https://auth.example.com" }));
    call.keep(tokens);
    expect(readLines(call.lines)[0]?.attributes).toContain("Secure");
  });
});

describe("of several refresh cookies", () => {
  const two = `latchkey_refresh=${token}; a=b; latchkey_refresh=stranger`;

  it("none is believed, and every place that one can have is emptied", () => {
    const transport = createTransport({ publicUrl: "http://auth.app.example.com/x" });
    const call = transport.open(request({ cookie: two }));

    expect(call.refreshToken).toBeUndefined();
    const deleted = readLines(call.lines);
    expect(deleted.every(({ isDeleted, pair }) => isDeleted && pair === "latchkey_refresh=")).toBe(true);
    const places = deleted.map(({ path, domain }) => `${domain ?? ""}${path}`);
    for (const domain of ["", "auth.app.example.com", "app.example.com", "example.com"]) {
      for (const path of [
        "/",
        "/x",
        "/x/",
        "/x/cookie",
        "/x/cookie/",
        "/x/cookie/trpc",
        "/x/cookie/trpc/token.refresh",
      ]) {
        expect(places).toContain(domain + path);
      }
    }
    expect(transport.told).toEqual([
      "a browser sent two cookies of one name: neither is believed, and both are deleted",
    ]);
  });

  it("even two that are alike are not believed, nor two that no browser can have", () => {
    const same = `latchkey_refresh=${token}; latchkey_refresh=${token}`;
    expect(createTransport().open(request({ cookie: same })).refreshToken).toBeUndefined();
    const host = "__Host-latchkey_refresh=a; __Host-latchkey_refresh=b";
    const call = createTransport({ publicUrl: "https://auth.example.com" }).open(request({ cookie: host }));
    expect(call.refreshToken).toBeUndefined();
    expect(readLines(call.lines).map(({ path, domain }) => [path, domain])).toEqual([["/", undefined]]);
  });

  it("what is kept with the same answer comes after what is deleted", () => {
    const call = createTransport().open(request({ cookie: two }));
    call.keep(tokens);
    expect(call.lines.at(-1)).toContain("latchkey_refresh=next");
  });

  it.each(["127.0.0.1:3000", "[::1]:3000", "localhost", "", "a;b.example", `${"a.".repeat(200)}example`])(
    "no domain is made of the host %j, and the headers stay small",
    (host) => {
      const call = createTransport().open(request({ cookie: two, host }));
      expect(readLines(call.lines).every(({ domain }) => !domain || domain.length < 254)).toBe(true);
      expect(call.lines.join("").length).toBeLessThan(8_192);
      expect(call.lines.join("")).not.toContain("a;b");
    },
  );
});

describe("a browser that has the cookies of before", () => {
  const transport = createTransport({ publicUrl: "https://auth.example.com" });
  const old = `latchkey_refresh=${token}; latchkey_device=mark`;

  it("stays signed in, and its cookies get their new names", () => {
    const call = transport.open(request({ cookie: old }));
    expect(call).toMatchObject({ refreshToken: token, deviceMark: "mark" });
    call.keep(tokens);

    const lines = readLines(call.lines);
    const deleted = lines.filter(({ isDeleted }) => isDeleted);
    expect(deleted.map(({ pair, path }) => [pair, path])).toEqual([
      ["latchkey_refresh=", "/cookie"],
      ["latchkey_device=", "/cookie"],
    ]);
    const kept = lines.filter(({ isDeleted }) => !isDeleted).map(({ pair }) => pair);
    expect(kept).toEqual(["__Host-latchkey_device=mark", "__Host-latchkey_refresh=next"]);
  });

  it.each(["__Host-latchkey_refresh=mine", "__Host-latchkey_device=", "__Host-latchkey_device=mark"])(
    "is not believed by them once it has one of the new names: %s",
    (present) => {
      const call = transport.open(request({ cookie: `latchkey_refresh=stranger; ${present}` }));
      expect(call.refreshToken).not.toBe("stranger");
    },
  );

  it("has a new name even when it never had a device's mark, and when it signs out at once", () => {
    for (const act of ["keep", "forget"] as const) {
      const call = transport.open(request({ cookie: `latchkey_refresh=${token}` }));
      act === "keep" ? call.keep(tokens) : call.forget();
      expect(readLines(call.lines).map(({ pair }) => pair)).toContain("__Host-latchkey_device=");
    }
  });
});

describe("a page", () => {
  it.each<[title: string, setting: Setting, headers: Record<string, string>, obstacle: RegExp | null]>([
    ["of the host that is called", {}, {}, null],
    ["of another origin", {}, { origin: "https://evil.example" }, /add it to http\.corsOrigins/],
    ["without an origin", {}, { origin: "" }, /add it to http\.corsOrigins/],
    ["in a frame without an origin", {}, { origin: "null" }, /add it to http\.corsOrigins/],
    ["of a named origin", { named: ["https://app.example.com"] }, { origin: "https://app.example.com" }, null],
    [
      "of the public address, whatever the host",
      { publicUrl: "https://auth.example.com" },
      { origin: "https://auth.example.com", host: "10.0.0.7:3000" },
      null,
    ],
    [
      "of the public address without TLS",
      { publicUrl: "https://auth.example.com" },
      { origin: "http://auth.example.com", host: "auth.example.com" },
      /add it to http\.corsOrigins/,
    ],
    [
      "of the host that is called, where the public address is another",
      { publicUrl: "https://auth.example.com" },
      { origin: "http://10.0.0.7:3000", host: "10.0.0.7:3000" },
      /add it to http\.corsOrigins/,
    ],
    [
      "of localhost beside a service at 127.0.0.1",
      { named: ["http://localhost:5173"] },
      { origin: "http://localhost:5173", "sec-fetch-site": "cross-site" },
      /localhost and 127\.0\.0\.1 are two sites/,
    ],
    [
      "of localhost that is not named, beside a service at 127.0.0.1",
      {},
      { origin: "http://localhost:5173" },
      /localhost and 127\.0\.0\.1 are two sites/,
    ],
    [
      "of localhost behind a proxy of its own that calls 127.0.0.1",
      { named: ["http://localhost:5173"] },
      { origin: "http://localhost:5173", "sec-fetch-site": "same-origin" },
      null,
    ],
    [
      "of localhost in development, on another port",
      { allowsLoopback: true },
      { origin: "http://localhost:5173", host: "localhost:3000", "sec-fetch-site": "same-site" },
      null,
    ],
    [
      "of localhost in development, while the service is called from elsewhere",
      { allowsLoopback: true },
      { origin: "http://localhost:5173", host: "auth.example.com" },
      /add it to http\.corsOrigins/,
    ],
    [
      "of another site that is named",
      { named: ["https://app.example.org"], publicUrl: "https://auth.example.com" },
      { origin: "https://app.example.org", "sec-fetch-site": "cross-site" },
      /are two sites.*below one domain/,
    ],
  ])("%s", (_, setting, headers, obstacle) => {
    const transport = createTransport(setting);
    const found = transport.findObstacle(request(headers));
    if (obstacle === null) expect(found).toBeNull();
    else expect(found).toMatch(obstacle);
    if (obstacle !== null) expect(transport.told).toEqual([found]);
  });

  it("that is refused is told of once, and what it says of itself stays short and plain", () => {
    const { findObstacle, told } = createTransport();
    for (let count = 0; count < 3; count += 1)
      findObstacle(request({ origin: `https://${"é".repeat(9)}${"x".repeat(5_000)}` }));
    expect(told).toHaveLength(1);
    expect(findObstacle(request({ origin: `https://${"x".repeat(5_000)}` }))?.length).toBeLessThan(1_000);
  });
});
