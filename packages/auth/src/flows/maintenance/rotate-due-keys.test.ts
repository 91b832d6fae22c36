import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";

const password = "correct horse battery";
const day = 86_400;
/** Seconds for which others keep a copy of the keys. */
const cached = 300;

let service: TestAuth;
/** Processes of the same installation, whose keys live 30 days. */
let processes: Auth[];
beforeAll(async () => {
  service = await createTestAuth({ tokens: { keyLifetime: 30 * day } });
  processes = [service.auth, await service.another(), await service.another()];
  await service.auth.createUser({ username: "alice", password });
});
beforeEach(() => service.auth.rotateKeys({ compromised: true }));
afterAll(() => service[Symbol.asyncDispose]());

const rotateEverywhere = async () => (await Promise.all(processes.map((auth) => auth.rotateDueKeys()))).filter(Boolean);
const kidsOf = ({ keys }: JSONWebKeySet) => keys.map(({ kid }) => kid);
const kidOf = (token: string): string => JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid;

async function signIn(): Promise<string> {
  return (await service.auth.signIn({ username: "alice", password }, service.facts)).token;
}

async function countRotations(): Promise<number> {
  const [row] = await service.database.query<{ count: number }>(
    `select count(*)::int as count from latchkey.audit_events where event = 'keys_rotated' and detail ->> 'because' = 'age'`,
  );
  return row?.count ?? 0;
}

test("a key that is old enough is followed by one other, however many processes look at the same time", async () => {
  expect(await rotateEverywhere()).toEqual([]);
  await service.clock.advance(30 * day - 60);
  expect(await rotateEverywhere()).toEqual([]);
  const before = await countRotations();
  await service.clock.advance(61);
  const made = await rotateEverywhere();
  expect(made).toHaveLength(1);
  expect(kidsOf(await service.auth.publicKeys())).toContain(made[0]);
  expect(await rotateEverywhere()).toEqual([]);
  expect((await countRotations()) - before).toBe(1);
});

test("nobody with a copy of the keys that is five minutes old ever meets a token whose key is not in it", async () => {
  await service.clock.advance(30 * day + 1);
  const first = kidOf(await signIn());
  /** What a verifier has that fetched the keys as long ago as it may. */
  const copies: JSONWebKeySet[] = [];
  const seen = new Set<string>();
  for (let elapsed = 0; elapsed <= 2_400; elapsed += 60) {
    if (elapsed === 300) await rotateEverywhere();
    copies.push(await service.auth.publicKeys());
    const token = await signIn();
    seen.add(kidOf(token));
    const oldest = copies[Math.max(0, copies.length - 1 - cached / 60)] ?? { keys: [] };
    await jwtVerify(token, createLocalJWKSet(oldest), { currentDate: service.clock.now() });
    await service.clock.advance(60);
  }
  expect([...seen][0]).toBe(first);
  expect(seen.size).toBe(2);
});

test("tokens of the key before are good until they run out, and then the key is gone", async () => {
  await service.clock.advance(30 * day + 1);
  await rotateEverywhere();
  await service.clock.advance(599);
  const token = await signIn();
  await service.clock.advance(890);
  for (const auth of processes) await auth.authenticate([`Bearer ${token}`]);
  await service.clock.advance(120);
  expect(kidsOf(await service.auth.publicKeys())).not.toContain(kidOf(token));
});

test("with `off`, with a shared secret, and where the old backend's secret signs, no key is made", async () => {
  await service.clock.advance(400 * day);
  const django = { secretKey: "k#9v2m!x7q$c4b&z1n8j5h3g6f0d-p=w+a(s)" };
  for (const tokens of [{ keyLifetime: "off" }, { profile: "django", keyLifetime: 30 * day }] as const) {
    const other = await service.another({ tokens, django });
    expect(await other.rotateDueKeys()).toBeNull();
  }
  await using shared = await createTestAuth({ tokens: { algorithm: "HS256" } });
  await shared.clock.advance(400 * day);
  expect(await shared.auth.rotateDueKeys()).toBeNull();
});
