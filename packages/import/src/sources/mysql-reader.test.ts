import { expect, test } from "vitest";
import { openMysqlReader } from "./mysql-reader.ts";

test("a MySQL that is away is one line, with exit code 3, and without the password", async () => {
  const opening = openMysqlReader("mysql://me:hidden-word@127.0.0.1:1/shop");
  await expect(opening).rejects.toMatchObject({
    name: "SourceError",
    exitCode: 3,
    message: expect.stringMatching(/^The source mysql:\/\/127\.0\.0\.1:1\/shop cannot be reached: [^\n]+$/),
  });
  await expect(opening).rejects.not.toThrow(/hidden-word/);
});

test("an address with a password whose % is not escaped is one line, with exit code 2, and without the password", async () => {
  const opening = openMysqlReader("mysql://shop:50%off@127.0.0.1:1/shop");
  await expect(opening).rejects.toMatchObject({ name: "SourceError", exitCode: 2 });
  await expect(opening).rejects.not.toThrow(/50%off/);
});

test("an ssl-mode that is none is one line, and nothing is sent", async () => {
  await expect(openMysqlReader("mysql://me:hidden-word@127.0.0.1:1/shop?ssl-mode=always")).rejects.toMatchObject({
    name: "SourceError",
    exitCode: 2,
    message: expect.stringContaining("none of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY"),
  });
});
