import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { afterAll, describe, expect, test } from "vitest";
import { parseSettings, secretSettings } from "./environment.ts";
import { readSecretVariables } from "./secret-variables.ts";

const secret = "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs";

const folder = await makeTemporaryFolder("latchkey-secret-");
afterAll(() => rm(folder, { recursive: true }));
let files = 0;

async function put(content: string | Uint8Array): Promise<string> {
  const path = join(folder, `secret${++files}`);
  await writeFile(path, content);
  return path;
}

const read = (variables: Record<string, string>) => readSecretVariables(variables, secretSettings);

describe("a secret from a file is refused, without a word of what is in it,", () => {
  test.each([
    ["that is not there", "/nowhere/secret", "LATCHKEY_SECRET_FILE: /nowhere/secret cannot be read (ENOENT)"],
    ["that is a folder", "/tmp", "LATCHKEY_SECRET_FILE: /tmp cannot be read (EISDIR)"],
  ])("%s", (_what, path, told) => {
    expect(() => read({ LATCHKEY_SECRET_FILE: path })).toThrow(told);
  });

  test.each([
    ["that is empty", "\n", "is empty"],
    ["that is not text", Uint8Array.of(0xff, 0xfe, 0x41), "is not UTF-8"],
    ["that is large", secret.repeat(2_000), "is larger than"],
  ])("%s", async (_what, content, told) => {
    const path = await put(content);
    expect(() => read({ LATCHKEY_SECRET_FILE: path })).toThrow(`LATCHKEY_SECRET_FILE: ${path} ${told}`);
  });

  test("when the setting itself is there too", async () => {
    const path = await put(secret);
    const both = { LATCHKEY_SECRET_FILE: path, LATCHKEY_SECRET: "another" };
    expect(() => read(both)).toThrow("LATCHKEY_SECRET and LATCHKEY_SECRET_FILE are both set: one of them is wanted");
  });

  test("with every other one that cannot be used, one line each", () => {
    const wrong = { LATCHKEY_SECRET_FILE: "/nowhere/a", DATABASE_URL_FILE: "/nowhere/b" };
    expect(() => read(wrong)).toThrow(/\/nowhere\/\w.*\n.*\/nowhere\/\w/);
  });
});

test("every secret may come from a file, and its last line break is not part of it", async () => {
  expect([...secretSettings].sort()).toEqual([
    "AUDIT_STREAM_SECRET",
    "DATABASE_URL",
    "FORWARDED_SECRET",
    "HTTP_SENDER",
    "LATCHKEY_SECRET",
    "LEGACY_SECRET_KEY",
    "MSG91_AUTH_KEY",
    "NETGSM_PASSWORD",
    "RECEIPTS_SECRET",
    "SMTP_URL",
    "TEST_NUMBERS",
    "TWILIO_AUTH_TOKEN",
    "VONAGE_API_SECRET",
    "WEBHOOK_SECRET",
    "WEBHOOK_SENDER_SECRET",
    "WHATSAPP_ACCESS_TOKEN",
    "WHATSAPP_APP_SECRET",
  ]);
  for (const name of secretSettings) {
    for (const ending of ["", "\n", "\r\n"]) {
      expect(read({ [`${name}_FILE`]: await put(`${secret}${ending}`) })).toEqual({ [name]: secret });
    }
  }
});

test("a second line break, as of a secret that was pasted wrong, is refused with the setting", async () => {
  const variables = read({ LATCHKEY_SECRET_FILE: await put(`${secret}\n\n`) });
  expect(() => parseSettings(variables)).toThrow("LATCHKEY_SECRET begins or ends with white space or a line break");
});
