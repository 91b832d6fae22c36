import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Administrator } from "../flows/steps/authority.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";

let service: TestAuth;
let admin: Administrator;
const password = "correct horse battery";
const invalid = { code: "invalid_input", issues: [{ path: ["username"] }] };

beforeAll(async () => {
  service = await createTestAuth({ phones: { defaultCountry: "TR" } });
  await service.auth.createUser({ username: "root", password, isSuperuser: true });
  const { token } = await service.auth.signIn({ username: "root", password }, service.facts);
  admin = { ...(await service.auth.authenticate([`Bearer ${token}`])), facts: service.facts };
});
afterAll(() => service[Symbol.asyncDispose]());

const signIn = (username: string) => service.auth.signIn({ username, password }, service.facts);

/** When the number and the address of somebody were proved and vouched for. */
async function readProofs(id: string): Promise<Record<string, unknown>> {
  const [row] = await service.database.query(
    `select phone_proved_at, phone_vouched_at, email_proved_at, email_vouched_at from latchkey.users where id = $1`,
    [id],
  );
  return row as Record<string, unknown>;
}

describe("an account without a username", () => {
  test("is made with a phone number alone, and is signed in by it in any spelling", async () => {
    const user = await service.auth.createUser({ phoneNumber: "+90 532 000 00 01", password });

    expect(user).toMatchObject({ username: null, phoneNumber: "+905320000001", email: null });
    expect((await signIn("0532 000 00 01")).user).toEqual({ ...user, lastLogin: expect.any(Date) });
  });

  test("is made with an e-mail address alone, and is signed in by it", async () => {
    const user = await service.auth.createUser({ email: "Only@example.com", password });

    expect(user).toMatchObject({ username: null, phoneNumber: null, email: "Only@example.com" });
    expect((await signIn("only@example.com")).user.id).toBe(user.id);
  });

  test("is refused without any name, by the operator and by an administrator", async () => {
    await expect(service.auth.createUser({ password })).rejects.toMatchObject(invalid);
    await expect(service.auth.users.create(admin, {})).rejects.toMatchObject(invalid);
    await expect(
      service.auth.users.create(admin, { username: null, phoneNumber: null, email: null }),
    ).rejects.toMatchObject(invalid);
  });

  test("sets its first password with an administrator's code by its number", async () => {
    const { user, setPasswordCode: code } = await service.auth.users.create(admin, { phoneNumber: "0532 000 00 02" });
    await service.auth.resetPassword({ username: "0532 000 00 02", code, newPassword: password }, service.facts);

    expect((await signIn("+905320000002")).user.id).toBe(user.id);
  });

  test("does not take its number as its password, and is in the list of users", async () => {
    const phoneNumber = "+905320000003";
    await expect(service.auth.createUser({ phoneNumber, password: phoneNumber })).rejects.toMatchObject({
      code: "password_rejected",
    });
    const { id } = await service.auth.createUser({ phoneNumber, password });

    expect((await service.auth.users.list({ limit: 100 })).users.map((user) => user.id)).toContain(id);
    expect((await service.auth.users.list({ phoneNumber: "+90532000000", limit: 100 })).users).toContainEqual(
      expect.objectContaining({ id }),
    );
    expect((await service.auth.users.list({ username: "a", limit: 100 })).users).not.toContainEqual(
      expect.objectContaining({ id }),
    );
  });

  test("is a member of groups, and listed among them", async () => {
    const { id } = await service.auth.createUser({ phoneNumber: "+905320000004", password });
    const group = await service.auth.groups.create(admin, { name: "drivers", permissions: [] });
    await service.auth.users.setGroups(admin, id, [group.id]);

    const { users } = await service.auth.users.list({ groupId: group.id, limit: 10 });
    expect(users.map((user) => user.id)).toEqual([id]);
  });
});

describe("taking names away", () => {
  test("takes the username of somebody who keeps a number, and frees it", async () => {
    const names = { username: "leaver", phoneNumber: "+905320000005" };
    const { id } = await service.auth.createUser({ ...names, password });
    const updated = await service.auth.users.update(admin, id, { username: null });

    expect(updated).toMatchObject({ username: null, phoneNumber: names.phoneNumber });
    await expect(signIn("leaver")).rejects.toMatchObject({ code: "invalid_credentials" });
    const heir = await service.auth.createUser({ username: "leaver", password });
    expect((await signIn("leaver")).user.id).toBe(heir.id);
    expect((await signIn(names.phoneNumber)).user.id).toBe(id);
  });

  test("never takes the last name, nor two at once by two who each take one", async () => {
    const names = { username: "both", phoneNumber: "+905320000006" };
    const { id } = await service.auth.createUser({ ...names, password });
    await expect(service.auth.users.update(admin, id, { username: null, phoneNumber: null })).rejects.toMatchObject(
      invalid,
    );

    const taken = await Promise.allSettled([
      service.auth.users.update(admin, id, { username: null }),
      service.auth.users.update(admin, id, { phoneNumber: null }),
    ]);

    expect(taken.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const { user } = await service.auth.users.get(id);
    expect([user.username, user.phoneNumber].filter((name) => name !== null)).toHaveLength(1);
  });

  test("is what the database refuses to whoever else writes to it", async () => {
    const { id } = await service.auth.createUser({ username: "written", password });
    const write = (text: string) => service.database.query(`update latchkey.users set ${text} where id = $1`, [id]);

    await expect(write("username = null, username_key = null")).rejects.toThrow("users_named");
    await expect(write("username = null")).rejects.toThrow("users_username_pair");
    await expect(write("phone_proved_at = latchkey.now()")).rejects.toThrow("users_phone_proof");
  });
});

describe("a proof", () => {
  test("is not what an administrator vouches for, and both are of one number", async () => {
    const { user } = await service.auth.users.create(admin, { phoneNumber: "+905320000007" });
    expect(await readProofs(user.id)).toMatchObject({ phone_proved_at: null, phone_vouched_at: expect.any(Date) });

    await service.database.query(
      "update latchkey.users set phone_proved_at = latchkey.now(), phone_number = '+905320000008' where id = $1",
      [user.id],
    );
    expect(await readProofs(user.id)).toMatchObject({ phone_proved_at: expect.any(Date), phone_vouched_at: null });

    // As the release before changes a number: it knows of no proof.
    await service.database.query("update latchkey.users set phone_number = '+905320000009' where id = $1", [user.id]);
    expect(await readProofs(user.id)).toMatchObject({ phone_proved_at: null, phone_vouched_at: null });
  });

  test("is not what an import claims", async () => {
    const source = "old_app";
    const old = { oldId: "7", username: "veteran", phoneNumber: "+905320000010", joinedAt: null };
    const round = await service.auth.importedUsers.startRound({ source, startedAt: service.clock.now() });
    await service.auth.importedUsers.record(round, [old]);
    await service.auth.importedUsers.completeRound(round, { people: 1 });
    const { id } = await service.auth.createUser({
      username: old.username,
      phoneNumber: old.phoneNumber,
      password,
      importedFrom: { source, oldId: old.oldId },
    });

    expect(await readProofs(id)).toMatchObject({ phone_proved_at: null, phone_vouched_at: null });
  });
});
