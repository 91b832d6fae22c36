import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";

const password = "correct horse battery";
let service: TestAuth;

beforeAll(async () => {
  service = await createTestAuth({ tokens: { externalId: true } });
  for (const source of ["django", "shop"]) {
    const { importedUsers } = service.auth;
    const round = await importedUsers.startRound({ source, startedAt: service.clock.now() });
    const [name, other] = [`${source}_ada`, `${source}_bob`];
    await importedUsers.record(round, [
      { oldId: "7", username: name, phoneNumber: null },
      { oldId: "77", username: other, phoneNumber: null },
    ]);
    await importedUsers.completeRound(round, { people: 2 });
    const account = { username: name, password, importedFrom: { source, oldId: "7" } };
    await service.auth.createUser(account);
  }
  await service.auth.createUser({ username: "of_here", password });
});
afterAll(() => service[Symbol.asyncDispose]());

const find = async (username: string) => {
  const { users } = await service.auth.users.list({ username, limit: 1 });
  return users[0]?.id ?? "";
};
const search = async (externalId: string) => {
  const { users } = await service.auth.users.list({ externalId, limit: 25 });
  return users.map(({ username }) => username).sort();
};
const claimsOf = async (username: string) => {
  const { token } = (await service.auth.signIn({ username, password }, service.facts)) as { token: string };
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
};

test("administrators see the id that somebody had in the system they came from", async () => {
  expect(await service.auth.users.get(await find("shop_ada"))).toMatchObject({ externalId: "7" });
  expect(await service.auth.users.get(await find("of_here"))).toMatchObject({ externalId: null });
});

test("they find people by exactly that id, and by nothing else beside it", async () => {
  expect(await search("7")).toEqual(["django_ada", "shop_ada"]);
  for (const id of ["77", "70", "7 ", "7\0", "\ud800", "%"]) expect(await search(id)).toEqual([]);
  const both = service.auth.users.list({ externalId: "7", username: "shop", limit: 25 });
  await expect(both).rejects.toMatchObject({ code: "invalid_input" });
});

test("tokens say it where that is wanted, and of nobody who was made here", async () => {
  expect(await claimsOf("shop_ada")).toMatchObject({ external_id: "7" });
  expect(await claimsOf("of_here")).not.toHaveProperty("external_id");
  const silent = await service.another({ tokens: { externalId: false } });
  const { token } = (await silent.signIn({ username: "shop_ada", password }, service.facts)) as { token: string };
  expect(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())).not.toHaveProperty("external_id");
});
