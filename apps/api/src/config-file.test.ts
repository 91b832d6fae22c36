import { mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readConfigFile } from "./config-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-config-"));
});
const [, started = ""] = process.argv;
afterEach(() => {
  process.argv[1] = started;
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, config: object): Promise<string> {
  const path = join(folder, `${name}.mjs`);
  await writeFile(path, `export default ${JSON.stringify(config)};\n`);
  return path;
}

describe("the apps of a config file", () => {
  const shop = { id: "shop", name: "Shop", redirectUris: ["https://shop.example/in"], audience: "shop" };

  test("are for an API that there is, or the file is named with what is wrong, before anything is opened", async () => {
    const path = await write("audience", { clients: [shop] });
    const refusal = `${path}: clients[0] (shop) has an audience that is none of TOKEN_AUDIENCE`;
    await expect(readConfigFile(path, ["latchkey"])).rejects.toThrow(refusal);
    const { config } = await readConfigFile(path, ["latchkey", "shop"]);
    expect(config.clients).toEqual([shop]);
  });

  test("are named with the file where they cannot be any", async () => {
    const path = await write("pattern", { clients: [{ ...shop, redirectUris: ["https://*.example/in"] }] });
    await expect(readConfigFile(path)).rejects.toThrow(`${path}: clients[0] (shop) has redirectUris:`);
  });

  test("are none in a file from before there were any", async () => {
    const path = await write("before", { permissions: ["shop.order"] });
    expect((await readConfigFile(path, ["latchkey"])).config).toEqual({ permissions: ["shop.order"] });
  });
});

test("a file beside the program is found from whatever folder a timer starts a command in", async () => {
  const program = join(folder, "latchkey.js");
  const path = join(folder, "latchkey.config.mjs");
  await writeFile(program, "");
  await writeFile(path, "export default { permissions: ['shop.order'] };");
  const link = join(await mkdtemp(join(folder, "bin-")), "latchkey");
  await symlink(program, link);
  for (const started of [program, link]) {
    process.argv[1] = started;
    expect(await readConfigFile(undefined)).toEqual({
      path: await realpath(path),
      config: { permissions: ["shop.order"] },
    });
  }
});
