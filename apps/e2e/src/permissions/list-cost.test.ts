import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";

let t: TestAuth;
beforeAll(async () => {
  t = await createTestAuth();
  const t0 = performance.now();
  await t.database.query(`insert into latchkey.users (id, username, username_key, phone_number, email, email_key, password, is_staff, is_active)
    select gen_random_uuid(), 'user' || lpad(n::text, 6, '0'), 'user' || lpad(n::text, 6, '0'),
      '+90532' || lpad(n::text, 7, '0'), 'user' || n || '@example.com', 'user' || n || '@example.com', '!', n % 1000 = 0, n % 500 <> 0
    from generate_series(1, 100000) n`);
  await t.database.query(`insert into latchkey.groups (id, name) values ('00000000-0000-4000-8000-000000000001', 'g5'), ('00000000-0000-4000-8000-000000000002', 'g1000'), ('00000000-0000-4000-8000-000000000003', 'g50000')`);
  await t.database.query(`insert into latchkey.user_groups select id, '00000000-0000-4000-8000-000000000001' from latchkey.users order by username limit 5`);
  await t.database.query(`insert into latchkey.user_groups select id, '00000000-0000-4000-8000-000000000002' from latchkey.users order by md5(username) limit 1000`);
  await t.database.query(`insert into latchkey.user_groups select id, '00000000-0000-4000-8000-000000000003' from latchkey.users order by md5(username) limit 50000`);
  console.log("fill", performance.now() - t0);
  await t.database.query("vacuum analyze");
  console.log("analyzed", performance.now() - t0);
});
afterAll(() => t[Symbol.asyncDispose]());

test("x", async () => {
  const { auth, database } = t;
  const [deep] = await database.query<{ id: string }>("select id from latchkey.users order by id desc offset 90000 limit 1");
  const cursor = Buffer.from(JSON.stringify(["id", deep?.id])).toString("base64url");
  const [one] = await database.query<{ id: string }>("select id from latchkey.users limit 1");
  const g = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
  const forms: Record<string, object> = {
    first: {}, deep: { cursor },
    selective: { username: "user09000" }, broad: { username: "user" }, exact: { username: "user090000" },
    phoneS: { phoneNumber: "+90532009000" }, phoneB: { phoneNumber: "+90532" },
    emailS: { email: "user9000" }, emailB: { email: "user" },
    broadDeep: { username: "user", cursor: Buffer.from(JSON.stringify(["username", "user090000"])).toString("base64url") },
    active: { isActive: true }, inactive: { isActive: false }, staff: { isStaff: true }, notStaff: { isStaff: false },
    staffSearch: { isStaff: true, username: "user" }, inactiveSearch: { isActive: false, username: "user" },
    g5: { groupId: g(1) }, g1000: { groupId: g(2) }, g50000: { groupId: g(3) }, g1000s: { groupId: g(2), username: "user" }, g50000s: { groupId: g(3), username: "user" },
    g50000deep: { groupId: g(3), cursor }, g1000deep: { groupId: g(2), cursor }, activeDeep: { isActive: true, cursor },
  };
  const time = async (f: () => Promise<unknown>) => { const s = performance.now(); await f(); return performance.now() - s; };
  const single = () => auth.pool.query("select * from latchkey.users where id = $1", [one?.id]);

  const cols = `id, username, phone_number as "phoneNumber", email, first_name as "firstName", last_name as "lastName", gender, country, city, state, is_approved_to_be_in_touch as "isApprovedToBeInTouch", is_active as "isActive", is_staff as "isStaff", is_superuser as "isSuperuser", date_joined as "dateJoined", last_login as "lastLogin"`;
  const firstSql = `select ${cols} from latchkey.users order by id desc limit $1`;
  const cmp: Record<string, () => Promise<unknown>> = {
    kysely: () => auth.users.list({ limit: 25 }),
    raw: () => auth.pool.query(firstSql, [26]),
    named: () => auth.pool.query({ name: "first", text: firstSql, values: [26] }),
    rawSearch: () => auth.pool.query(`select ${cols} from latchkey.users where username_key collate "C" like $2 order by username_key collate "C" limit $1`, [26, "user%"]),
    rawSearchRange: () => auth.pool.query({ name: "range", text: `select ${cols} from latchkey.users where username_key collate "C" >= $2 and username_key collate "C" < $3 order by username_key collate "C" limit $1`, values: [26, "user", "uses"] }),
    oneCol: () => auth.pool.query("select id from latchkey.users order by id desc limit $1", [26]),
    noDates: () => auth.pool.query(`select ${cols.replace(/, date_joined.*/, "")} from latchkey.users order by id desc limit $1`, [26]),
    groupNow: () => auth.users.list({ groupId: g(2), limit: 25 }),
    groupJoin: () => auth.pool.query(`select ${cols} from latchkey.user_groups ug join latchkey.users u on u.id = ug.user_id where ug.group_id = $2 order by ug.user_id desc limit $1`, [26, g(2)]),
    single,
  };
  for (let round = 0; round < 2; round++) {
  const times = Object.fromEntries(Object.keys(cmp).map((k) => [k, [] as number[]]));
  for (let i = 0; i < 60; i++) for (const k of Object.keys(cmp)) times[k]?.push(await time(cmp[k] as never));
  for (const k of Object.keys(cmp)) console.log(k.padEnd(16), (times[k]?.toSorted((p, q) => p - q)[30] ?? 0).toFixed(3));
  }
  for (const q of [firstSql.replace("$1", "26"), `select ${cols} from latchkey.users where username_key collate "C" like 'user%' order by username_key collate "C" limit 26`, `select ${cols} from latchkey.user_groups ug join latchkey.users u on u.id = ug.user_id where ug.group_id = '${g(2)}' order by ug.user_id desc limit 26`, `select * from latchkey.users where id = '${one?.id}'`])
    console.log((await database.query<{ "QUERY PLAN": string }>("explain (analyze, buffers off) " + q)).map((r) => r["QUERY PLAN"]).join("\n"));
  for (const [name, form] of Object.entries(forms)) {
    const a: number[] = [], b: number[] = [];
    for (let i = 0; i < 40; i++) { b.push(await time(single)); a.push(await time(() => auth.users.list({ ...form, limit: 25 }))); }
    const med = (x: number[]) => x.toSorted((p, q) => p - q)[20] ?? 0;
    console.log(name.padEnd(15), med(a).toFixed(3), med(b).toFixed(3), (med(a) / med(b)).toFixed(2));
  }
}, 100000);
