import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settings } from "../console/console-site.ts";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, type Person } from "./accounts-in-core.ts";
import { ask, outcomeOf } from "./call-as.ts";

let live: LiveServer;
let keeper: Person;
beforeAll(async () => {
  live = await startLiveServer({}, { settings });
  keeper = await createPerson(live.test, { permissions: ["auth.view_service", "auth.rotate_key"] });
});
afterAll(() => live[Symbol.asyncDispose]());

const as = (person: Person, procedure: string, input?: object) => ask(live, procedure, { token: person.token, input });

describe("service.keys and service.rotateKeys", () => {
  test("tell which key signs, which one will and when, and nothing of it that is secret", async () => {
    const before = (await as(keeper, "service.keys")).body;
    expect(before).toEqual({
      keys: [
        {
          ...{ kid: expect.any(String), algorithm: "EdDSA", state: "signing", acceptedUntil: null },
          ...{ createdAt: expect.any(String), signsFrom: expect.any(String) },
        },
      ],
      isSecretShared: false,
      nextRotationAt: expect.any(String),
    });
    const [first] = before.keys;
    expect(Date.parse(before.nextRotationAt) - Date.parse(first.createdAt)).toBe(90 * 86_400_000);
    const { kid } = (await as(keeper, "service.rotateKeys")).body;
    const rotated = (await as(keeper, "service.keys")).body.keys;
    expect(rotated.map(({ state }: { state: string }) => state)).toEqual(["signing", "waiting"]);
    expect(rotated.map((key: { kid: string }) => key.kid)).toEqual([first.kid, kid]);
    expect(rotated[0].acceptedUntil).not.toBeNull();
    expect(Date.parse(rotated[1].signsFrom) - Date.parse(rotated[1].createdAt)).toBe(600_000);
  });

  test("ask whoever makes a key to have shown lately who they are, and write down who it was", async () => {
    const boss = await createPerson(live.test, { permissions: ["auth.rotate_key"] });
    await live.test.clock.advance(601);
    expect(outcomeOf(await as(boss, "service.rotateKeys", {}))).toBe("403 reauthentication_required");
    const again = await createPerson(live.test, { permissions: ["auth.rotate_key"] });
    const { kid } = (await as(again, "service.rotateKeys", { compromised: true })).body;
    // What the keys before signed is refused from now on, also the token with which it was asked for.
    expect(outcomeOf(await as(again, "service.rotateKeys", {}))).toBe("401 token_invalid");
    const { events } = await live.test.auth.listAuditEvents({ event: "keys_rotated", limit: 1 });
    expect(events).toMatchObject([{ actorId: again.id, subjectId: null, address: "127.0.0.1" }]);
    expect(events[0]?.detail).toEqual({ oldKeysRemoved: true });
    expect((await live.test.auth.publicKeys()).keys.map((key) => key.kid)).toEqual([kid]);
  });

  test("make ten keys a minute at most for one person", async () => {
    await using own = await startLiveServer({ callBudgets: { own: 60, administration: 600 } });
    const { token } = await createPerson(own.test, { permissions: ["auth.rotate_key"] });
    const outcomes: string[] = [];
    for (let count = 0; count < 12; count += 1)
      outcomes.push(outcomeOf(await ask(own, "service.rotateKeys", { token })));
    expect(outcomes).toEqual([...Array(10).fill("ok"), ...Array(2).fill("429 rate_limited")]);
  });

  test.each([{ compromised: "yes" }, { kid: "x" }, "x"])("refuse %j", async (input) => {
    const person = await createPerson(live.test, { permissions: ["auth.rotate_key"] });
    expect(outcomeOf(await as(person, "service.rotateKeys", input as object))).toBe("400 invalid_input");
  });
});

describe.skipIf(!isService)("service.settings", () => {
  test("is for whoever holds its permission, and for nobody else who may see the service", async () => {
    expect(outcomeOf(await as(keeper, "service.settings"))).toMatch(/^40[13] /);
    const viewer = await createPerson(live.test, { permissions: ["auth.view_service"] });
    expect(outcomeOf(await as(viewer, "service.settings"))).toBe("403 permission_denied");
  });

  test("tells each setting with its value, whether somebody has set it, and no secret", async () => {
    const reader = await createPerson(live.test, { permissions: ["auth.view_setting"] });
    const { body, text } = await as(reader, "service.settings");
    expect(body).toEqual(settings);
    const find = (name: string) => body.settings.find((one: { name: string }) => one.name === name);
    expect(find("LATCHKEY_SECRET")).toEqual({ name: "LATCHKEY_SECRET", value: null, isSet: true, isSecret: true });
    expect(find("ACCESS_TOKEN_LIFETIME")).toMatchObject({ value: "20m", isSet: true });
    expect(find("SESSION_LIFETIME")).toMatchObject({ value: "90d", isSet: false });
    expect(text).not.toMatch(/n0t-shown|postgres:/);
  });
});
