import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StartError } from "@latchkey/auth";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readOrMakeSecret } from "./secret-file.ts";

let folder: string;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "latchkey-secret-")), "data");
});

afterEach(() => rm(join(folder, ".."), { recursive: true, force: true }));

async function refusalOf(dataDir: string): Promise<string> {
  const refusal = await readOrMakeSecret(dataDir).catch((error: unknown) => error);
  if (!(refusal instanceof StartError)) throw new Error("was not refused", { cause: refusal });
  expect(refusal.message).not.toContain("\n");
  return refusal.message;
}

describe("a secret file that cannot be trusted is refused and stays as it is", () => {
  it.each([
    ["empty", ""],
    ["white space", " \n\n"],
    ["too short", "aX3-9_k\n"],
    ["an example", "change-me-change-me-change-me-change-me\n"],
    ["one character over and over", `${"a".repeat(64)}\n`],
  ])("when it is %s", async (_title, text) => {
    await mkdir(folder);
    await writeFile(join(folder, "secret"), text);
    expect(await refusalOf(folder)).toBe(
      `${join(folder, "secret")} does not hold a secret of ours. Restore it from a backup, or set LATCHKEY_SECRET to what it was.`,
    );
    expect(await readFile(join(folder, "secret"), "utf8")).toBe(text);
  });

  it("when it is a folder", async () => {
    await mkdir(join(folder, "secret"), { recursive: true });
    expect(await refusalOf(folder)).toMatch(/secret cannot be read or made \(.*EISDIR.*\)\. Set LATCHKEY_SECRET/);
  });

  it.skipIf(process.getuid?.() === 0)("when it belongs to somebody else", async () => {
    await mkdir(folder);
    await writeFile(join(folder, "secret"), "");
    await chmod(join(folder, "secret"), 0);
    expect(await refusalOf(folder)).toMatch(/cannot be read or made \(.*EACCES.*\)\. Set LATCHKEY_SECRET/);
  });

  it("when the folder for it is a file", async () => {
    await writeFile(folder, "");
    expect(await refusalOf(folder)).toMatch(/cannot be read or made \(.*\)\. Set LATCHKEY_SECRET, or give this user/);
  });
});

describe("a secret that is not there yet", () => {
  it("is made once, of 256 bits, for twenty callers at the same moment", async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => readOrMakeSecret(folder)));
    expect(new Set(secrets.map(String)).size).toBe(1);
    expect(secrets[0]).toHaveLength(1);
    expect(Buffer.from(secrets[0]?.[0] ?? "", "base64url")).toHaveLength(32);
  });

  it("is for its owner only, whatever the umask, and leaves no draft behind", async () => {
    const before = process.umask(0);
    await readOrMakeSecret(folder).finally(() => process.umask(before));
    expect((await stat(join(folder, "secret"))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["secret"]);
  });

  it("is the same the next time", async () => {
    expect(await readOrMakeSecret(folder)).toEqual(await readOrMakeSecret(folder));
  });

  it("is another one in another folder", async () => {
    expect(await readOrMakeSecret(folder)).not.toEqual(await readOrMakeSecret(`${folder}-2`));
  });

  it("may have another before it, a line each, while that one takes its place", async () => {
    const [secret] = await readOrMakeSecret(folder);
    const next = "pW4xNc8sVb1tRk6yHq3mZd9fLj2gUa7EoT5";
    await writeFile(join(folder, "secret"), `${next}\n${secret}\n`);
    expect(await readOrMakeSecret(folder)).toEqual([next, secret]);
  });
});
