import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person, toAdministrator } from "../permissions/accounts-in-core.ts";

/** Milliseconds for which a statement may go on, as in production. */
const statement = 2_000;

describe("whatever somebody was told, and whatever another program was not told of them,", () => {
  const told = 100_000;
  const delivered: string[] = [];
  let isAway = true;
  let world: TestAuth;
  let core: TestAuth["auth"];
  let probe: Person;
  let calm: Person;

  beforeAll(async () => {
    const deliver = async ({ id }: { readonly id: string }) => {
      if (isAway) throw new Error("The other program is away");
      delivered.push(id);
    };
    world = await createTestAuth({ webhooks: { endpoints: { shop: deliver } } });
    // A program that signs in every minute, and somebody whose turn comes after it.
    probe = await createPerson(world, { username: "probe" });
    calm = await createPerson(world, { username: "calm" });
    const { query } = world.database;
    await query("delete from latchkey.webhook_events");
    const many = `generate_series(1, ${told}) n`;
    await query(
      `insert into latchkey.notices (id, user_id, kind) select gen_random_uuid(), $1, 'new_sign_in' from ${many}`,
      [probe.id],
    );
    await query(
      `insert into latchkey.notice_messages (id, notice_id, channel, address)
        select gen_random_uuid(), id, 'email', 'probe@example.com' from latchkey.notices`,
    );
    await query(
      `insert into latchkey.tickets (ticket_hash, opens, kind, address, user_id, expires_at)
        select sha256(n::text::bytea), 'password', 'phone', '+905321234567', $1, latchkey.now() + interval '1 day' from ${many}`,
      [probe.id],
    );
    await query(
      `insert into latchkey.webhook_events (endpoint, user_id, type, data, due_at)
        select 'shop', $1::uuid, 'user.updated', '{}'::jsonb, latchkey.now() from ${many}
        union all select 'shop', $2::uuid, 'user.updated', '{}'::jsonb, latchkey.now()`,
      [probe.id, calm.id],
    );
    core = await world.another();
    for (const client of await Promise.all(Array.from({ length: 10 }, () => core.pool.connect()))) {
      await client.query(`set statement_timeout = ${statement}`);
      client.release();
    }
  }, 600_000);
  afterAll(() => world[Symbol.asyncDispose]());

  test("what did not arrive is counted, and sent again", async () => {
    const { endpoints } = await core.reportWebhooks({ limit: 10 });
    expect(endpoints).toMatchObject([{ endpoint: "shop", waiting: told + 1 }]);
    // But for what is being sent at that moment.
    expect(await core.resendWebhooks({})).toBeGreaterThan(told - 10);
  });

  test("keeps nobody else's from being told, and of them all is told in order", async () => {
    const first = "select id from latchkey.webhook_events where user_id = $1 order by position limit 20";
    const idsOf = async ({ id }: Person) =>
      (await world.database.query<{ id: string }>(first, [id])).map((event) => event.id);
    const [ofProbe, ofCalm] = [await idsOf(probe), await idsOf(calm)];
    isAway = false;
    const delivering = core.deliverDueWebhooks();
    await expect.poll(() => delivered.includes(ofCalm[0] ?? ""), { timeout: 120_000 }).toBe(true);
    isAway = true;
    await delivering;
    const toldOfProbe = delivered.filter((id) => !ofCalm.includes(id));
    expect(toldOfProbe.slice(0, ofProbe.length)).toEqual(ofProbe.slice(0, toldOfProbe.length));
    // The next is the oldest that is left: it waits for the other program, and the others for it.
    const due = "select from latchkey.webhook_events where due_at <= latchkey.now()";
    await expect.poll(() => world.database.query(due), { timeout: 60_000 }).toEqual([]);
  });

  test("they are all read at once, and deleted", async () => {
    const own = await toAdministrator(world, probe);
    await core.markNoticesRead(own, {});
    expect((await core.listNotices(own, { limit: 1 })).unread).toBe(0);
    await core.operator.delete("probe");
    const left = "select from latchkey.notices union all select from latchkey.tickets";
    expect(await world.database.query(left)).toEqual([]);
  });
});
