import { afterEach, beforeEach, expect, test } from "vitest";
import { HookRefusal } from "../errors.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";
import type { AuditEvent } from "./audit-event.ts";

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
  await service.auth.login({ username: "alice", password }, service.facts);
  expect(told).toEqual([]);
  await auth.login({ username: "alice", password }, service.facts);
  await auth.login({ username: "alice", password: "wrong" }, service.facts).catch(() => {});
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
