import { afterAll, beforeAll, expect, test } from "vitest";
import { openStorage, type Storage } from "../storage/database.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";
import { recordEvent } from "./audit-log.ts";

let service: TestAuth;
let storage: Storage;
beforeAll(async () => {
  service = await createTestAuth();
  storage = openStorage({ ...service.database.connection, max: 5 });
});
afterAll(async () => {
  await storage.close();
  await service[Symbol.asyncDispose]();
});

const password = "correct horse battery";
const about = (id: string) => ({ actorId: null, subjectId: id, address: "192.0.2.77", requestId: null });
const refused = { event: "sign_in_refused", identifier: "username", because: "wrong_password" } as const;

const createPerson = async (username: string) => (await service.auth.createUser({ username, password })).id;
const addressesOf = (id: string) =>
  service.database.query("select event, address from latchkey.audit_events where subject_id = $1 and event = $2", [
    id,
    refused.event,
  ]);

test("what is written about somebody after they were deleted holds no address", async () => {
  const id = await createPerson("deleted_before");
  await recordEvent(storage.db, refused, about(id));
  expect(await addressesOf(id)).toEqual([{ event: refused.event, address: "192.0.2.77" }]);
  await service.auth.operator.delete("deleted_before");
  // A sign-in that was being looked at meanwhile, an attempt of theirs at somebody else's account, and one at nobody's.
  await recordEvent(storage.db, refused, about(id));
  expect(await addressesOf(id)).toEqual(Array.from({ length: 2 }, () => ({ event: refused.event, address: null })));
  const other = await createPerson("other");
  await recordEvent(storage.db, { event: "signed_out" }, { ...about(other), actorId: id });
  await recordEvent(
    storage.db,
    { event: "limit_reached", limit: "sign_in_address" },
    { ...about(other), subjectId: null },
  );
  const rows = await service.database.query(
    "select event, address from latchkey.audit_events where event in ('signed_out', 'limit_reached') order by position",
  );
  expect(rows).toEqual([
    { event: "signed_out", address: null },
    { event: "limit_reached", address: "192.0.2.77" },
  ]);
});

test("whoever is deleted while something is written about them loses the address of that as well", async () => {
  const id = await createPerson("deleted_meanwhile");
  const deleting: Promise<unknown>[] = [];
  await storage.db.transaction().execute(async (transaction) => {
    await recordEvent(transaction, refused, about(id));
    deleting.push(service.auth.operator.delete("deleted_meanwhile"));
    const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await expect.poll(() => service.database.query(waiting)).not.toEqual([]);
  });
  await Promise.all(deleting);
  expect(await addressesOf(id)).toEqual([{ event: refused.event, address: null }]);
});
