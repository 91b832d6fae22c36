import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Administrator } from "../flows/steps/authority.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";

const password = "correct horse battery";

let service: TestAuth;
let admin: Administrator;
beforeAll(async () => {
  service = await createTestAuth();
  await service.auth.createUser({ username: "zz_boss", password, isSuperuser: true });
  const { token } = await service.auth.signIn({ username: "zz_boss", password }, service.facts);
  admin = { ...(await service.auth.authenticate([`Bearer ${token}`])), facts: service.facts };
});
afterAll(() => service[Symbol.asyncDispose]());

const createGroup = (name: string) => service.auth.groups.create(admin, { name, permissions: [] });

type UserQuery = Omit<Parameters<TestAuth["auth"]["users"]["list"]>[0], "limit" | "cursor">;

/** The usernames of all pages, one after the other. */
async function listAll(query: UserQuery, limit: number): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await service.auth.users.list({ ...query, limit, ...(cursor && { cursor }) });
    expect(page.users.length).toBeLessThanOrEqual(limit);
    found.push(...page.users.map(({ username }) => username ?? "no username"));
    cursor = page.nextCursor;
  } while (cursor);
  return found;
}

const marks = [undefined, true, false];

test("every search, group and filter, in every combination, answers exactly whom it fits, in order, page by page", async () => {
  const group = await createGroup("some of them");
  const people = Array.from({ length: 48 }, (_, n) => ({
    username: `${n % 3 ? "an" : "bo"}${(n * 29) % 48}_${"x".repeat(n % 4)}`,
    phoneNumber: n % 5 === 0 ? undefined : `+9053210000${String((n * 31) % 48).padStart(2, "0")}`,
    email: n % 7 === 0 ? undefined : `${n % 2 ? "al" : "be"}${n}@example.com`,
    isStaff: n % 4 === 1,
    isActive: n % 6 !== 2,
    isMember: n % 2 === 0 || n > 40,
  }));
  for (const { isActive, isMember, ...person } of people) {
    const { id } = await service.auth.createUser({ ...person, password });
    if (!isActive) await service.auth.users.update(admin, id, { isActive });
    if (isMember) await service.auth.users.setGroups(admin, id, [group.id]);
  }

  type Person = (typeof people)[number];
  const keyOf = {
    username: (person: Person) => person.username,
    phoneNumber: ({ phoneNumber }: Person) => phoneNumber,
    email: ({ email }: Person) => email,
  };
  const searches = [
    {},
    { username: "an" },
    { username: "bo1" },
    { phoneNumber: "+9053210000" },
    { phoneNumber: "+90532100002" },
    { email: "al" },
    { email: "be4" },
    { username: "cy" },
  ];
  for (const search of searches) {
    for (const groupId of [undefined, group.id]) {
      for (const isActive of marks) {
        for (const isStaff of marks) {
          const [by, prefix = ""] = Object.entries(search)[0] ?? [];
          const key = by ? keyOf[by as keyof typeof keyOf] : () => "";
          const fits = people
            .filter((person) => key(person)?.startsWith(prefix))
            .filter((person) => groupId === undefined || person.isMember)
            .filter((person) => isActive === undefined || person.isActive === isActive)
            .filter((person) => isStaff === undefined || person.isStaff === isStaff);
          const inOrder = by ? fits.sort((a, b) => ((key(a) ?? "") < (key(b) ?? "") ? -1 : 1)) : fits.reverse();
          const found = await listAll({ ...search, groupId, isActive, isStaff }, 7);
          expect(
            found.filter((username) => username !== "zz_boss"),
            JSON.stringify({ search, groupId, isActive, isStaff }),
          ).toEqual(inOrder.map(({ username }) => username));
        }
      }
    }
  }
});

describe("what a group's members are listed by", () => {
  /** Memberships whose copy is not what the user is. */
  const findStale = () =>
    service.database.query(`
      select person.username from latchkey.user_groups member join latchkey.users person on person.id = member.user_id
      where (member.standing, member.username_key, member.phone_number, member.email_key)
        is distinct from (person.standing, person.username_key, person.phone_number, person.email_key)`);

  test("follows every change of them", async () => {
    const group = await createGroup("followed");
    const { id } = await service.auth.createUser({ username: "followed", password });
    await service.auth.users.setGroups(admin, id, [group.id]);
    const find = (query: UserQuery) => listAll({ ...query, groupId: group.id }, 5);
    expect(await find({ username: "foll" })).toEqual(["followed"]);
    await service.auth.users.update(admin, id, {
      username: "Renamed",
      phoneNumber: "+905321234567",
      email: "Re@example.com",
      isStaff: true,
      isActive: false,
    });
    expect(await find({ username: "foll" })).toEqual([]);
    expect(await find({ username: "REN" })).toEqual(["Renamed"]);
    expect(await find({ phoneNumber: "+90532123", isActive: false })).toEqual(["Renamed"]);
    expect(await find({ email: "re@", isStaff: true })).toEqual(["Renamed"]);
    expect(await find({ isActive: true })).toEqual([]);
    await service.auth.users.update(admin, id, { phoneNumber: null, email: null });
    expect(await find({ phoneNumber: "+90" })).toEqual([]);
    expect(await findStale()).toEqual([]);
  });

  test("is never stale, whoever changes the user and the group at the same moment on two processes", {
    tags: ["long"],
  }, async () => {
    const other = await service.another();
    const groups = await Promise.all([createGroup("race one"), createGroup("race two")]);
    const { id } = await service.auth.createUser({ username: "racer", password });
    for (let trial = 0; trial < 30; trial++) {
      await Promise.all([
        service.auth.users.setGroups(admin, id, [groups[trial % 2]?.id ?? ""]),
        other.users.update(admin, id, { username: `racer${trial}`, isStaff: trial % 3 === 0 }),
        other.operator.grant(`zz_boss`, { group: trial % 2 ? "race one" : "race two" }),
      ]);
      expect(await findStale()).toEqual([]);
    }
  });

  test("is kept by the database for programs that know nothing of it, however their transactions overlap", async () => {
    const { id: groupId } = await createGroup("by hand");
    const { id } = await service.auth.createUser({ username: "handmade", password });
    const [joining, changing] = [
      new pg.Client(service.database.connection),
      new pg.Client(service.database.connection),
    ];
    await Promise.all([joining.connect(), changing.connect()]);
    const change =
      "update latchkey.users set is_active = not is_active, username_key = username_key || 'x' where id = $1";
    const join = "insert into latchkey.user_groups (user_id, group_id) values ($1, $2)";
    try {
      // The change comes first, then the membership: each waits for the other.
      await changing.query("begin");
      await changing.query(change, [id]);
      const joined = joining.query(join, [id, groupId]);
      await changing.query("commit");
      await joined;
      expect(await findStale()).toEqual([]);

      await service.database.query("delete from latchkey.user_groups where user_id = $1", [id]);
      await joining.query("begin");
      await joining.query(join, [id, groupId]);
      const changed = changing.query(change, [id]);
      await joining.query("commit");
      await changed;
      expect(await findStale()).toEqual([]);
    } finally {
      await Promise.all([joining.end(), changing.end()]);
    }
  });
});
