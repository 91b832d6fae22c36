import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { en } from "./en.ts";

/** Those that have nobody's account as their subject. */
const elsewhere =
  /^(user_deleted|group_(created|updated|deleted)|permissions_(pruned|declared)|imported_users_recorded|keys_rotated|secret_\w+|weak_passwords_cleared|permission_denied|denials_counted)$/;

test("everything that can happen to an account is said in words", () => {
  const page = readFileSync(new URL("../../../../docs/audit-events.md", import.meta.url), "utf8");
  const [, table = ""] = page.split(/^\| event .*\n/m);
  const events = [...table.matchAll(/^\| `([a-z_]+)`/gm)].map(([, name = ""]) => name);
  expect(events.length).toBeGreaterThan(20);
  expect(events.filter((event) => !elsewhere.test(event) && !Object.hasOwn(en.events, event))).toEqual([]);
});
