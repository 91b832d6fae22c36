import { afterEach, beforeEach, expect, test } from "vitest";
import { HookRefusal } from "../errors.ts";
import { endSessionsOpenedBefore } from "../sessions/session-store.ts";
import { openStorage } from "../storage/database.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";
import type { AuditEvent } from "./audit-event.ts";
import { listenToEvents } from "./event-listener.ts";
import { queueEndedSessions } from "./webhook-events.ts";

const password = "correct horse battery";

let service: TestAuth;
beforeEach(async () => {
  service = await createTestAuth();
  await service.auth.createUser({ username: "alice", password });
});
afterEach(() => service[Symbol.asyncDispose]());

const listen = async (options: Parameters<TestAuth["another"]>[0] = {}) => {
  const told: AuditEvent[] = [];
  const auth = await service.another({ ...options, onAuditEvent: (event) => told.push(event) });
  return { auth, told };
};

test("a listener is told of what this process wrote, and of nothing that others did", async () => {
  const { auth, told } = await listen();
  await service.auth.signIn({ username: "alice", password }, service.facts);
  expect(told).toEqual([]);
  await auth.signIn({ username: "alice", password }, service.facts);
  await auth.signIn({ username: "alice", password: "wrong" }, service.facts).catch(() => {});
  expect(told).toMatchObject([
    { event: "signed_in", amr: ["pwd"] },
    { event: "sign_in_refused", because: "wrong_password" },
  ]);
});

test("a listener is not told of what was taken back", async () => {
  const { auth, told } = await listen({
    on: {
      userCreated: () => {
        throw new HookRefusal("not here");
      },
    },
  });
  await expect(auth.register({ username: "bob", password }, service.facts)).rejects.toThrow();
  expect(told.map(({ event }) => event)).not.toContain("user_created");
});

test("a listener is told of what a purge does too, on connections of its own", async () => {
  const { auth, told } = await listen();
  await service.database.query(
    "update latchkey.users set username = null, username_key = null, parked_at = latchkey.now() - interval '400 days'",
  );
  await auth.purge();
  expect(told).toEqual([{ event: "user_deleted", by: "parked" }]);
});

test("that sessions of many people have ended is for webhooks once it is committed, and is nothing where no endpoint waits for it", async () => {
  const { db, close } = openStorage(service.database.connection);
  let woken = 0;
  listenToEvents(db, { onWebhooks: () => woken++ });
  const endAll = () =>
    db.transaction().execute(async (transaction) => {
      const every = {
        before: new Date("2999-01-01"),
        after: null,
        atMost: 10,
        reason: "revoked",
        isAdoptedToo: true,
      } as const;
      const { ids } = await endSessionsOpenedBefore(transaction, every);
      await queueEndedSessions(transaction, ids);
      return woken;
    });
  try {
    await service.auth.signIn({ username: "alice", password }, service.facts);
    await endAll();
    expect(woken).toBe(0);
    await db.insertInto("webhookEndpoints").values({ name: "shop", seenAt: new Date() }).execute();
    await service.auth.signIn({ username: "alice", password }, service.facts);
    expect(await endAll()).toBe(0);
    expect(woken).toBe(1);
  } finally {
    await close();
  }
});
