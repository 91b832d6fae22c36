import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createTestAuth } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { verifyTokens } from "./verify-tokens.ts";

test("no session stays open here where the old backend fails in the midst", async () => {
  const django = {
    secretKey: "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s",
    acceptTokensUntil: new Date(Date.now() + 86_400_000),
  };
  await using service = await createTestAuth({ django, tokens: { profile: "simplejwt" } });
  const person = { name: "ada", password: "correct horse battery" };
  await service.auth.createUser({ username: person.name, password: person.password });
  // To no token, to one that is made up, to its own, and to the one of here.
  const statuses = [401, 401, 200, 500];
  const there = createServer((request, response) => {
    if (request.method === "POST") response.end('{"access":"old.access.token"}');
    else response.writeHead(statuses.shift() ?? 404).end();
  }).listen(0, "127.0.0.1");
  await once(there, "listening");
  try {
    const { port } = there.address() as AddressInfo;
    const failing = verifyTokens(service.auth, {
      backend: { url: `http://127.0.0.1:${port}`, signInPath: "/token", pagePath: "/me", nameField: "username" },
      person,
      source: "django",
      connection: service.database.connection,
      onWait: () => {},
    });
    await expect(failing).rejects.toMatchObject({ name: "SourceError", exitCode: 3 });
    expect(statuses).toEqual([]);
    const sessions = await service.database.query<{ isOpen: boolean }>(
      `select ended_at is null as "isOpen" from latchkey.sessions`,
    );
    expect(sessions).toEqual([{ isOpen: false }]);
  } finally {
    there.close();
  }
});
