import { createAuthClient } from "@latchkey/client";
import { expect } from "vitest";
import { credentials, test } from "../sdk/sdk-process.ts";

test("in cookie mode, a sign-in that is answered after its client was closed is undone", async ({ live }) => {
  const cookies = new Map<string, string>();
  const auth = createAuthClient({
    url: live.url,
    storage: "cookie",
    fetch: async (input, init) => {
      const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
      const headers = { ...Object.fromEntries(new Headers(init?.headers)), origin: live.url, cookie };
      const answer = await fetch(input, { ...init, headers });
      for (const line of answer.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      auth.dispose();
      return answer;
    },
  });
  await auth.signIn(credentials);
  expect(await live.test.database.query("select end_reason from latchkey.sessions")).toEqual([
    { end_reason: "signed_out" },
  ]);
});
