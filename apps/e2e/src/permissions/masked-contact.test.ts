import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, type Person, password } from "./accounts-in-core.ts";
import { ask, outcomeOf } from "./call-as.ts";

// Numbers and addresses of others are for who may see them.

let live: LiveServer;
let target: Person;
/** Each kind of person who reads lists, and whether they are shown contacts whole. */
const kinds = ["a superuser", "who may see contacts", "who may not", "who has it by a group"] as const;
const readers = new Map<string, Person>();
beforeAll(async () => {
  live = await startLiveServer();
  const { auth } = live.test;
  const reading = ["auth.view_user", "auth.view_auditevent", "auth.change_user"];
  await auth.operator.createGroup({ name: "contacts", permissions: ["auth.view_contact"] });
  readers.set("a superuser", await createPerson(live.test, { isSuperuser: true }));
  readers.set(
    "who may see contacts",
    await createPerson(live.test, { permissions: [...reading, "auth.view_contact"] }),
  );
  readers.set("who may not", await createPerson(live.test, { permissions: reading, phoneNumber: "+905321234500" }));
  readers.set("who has it by a group", await createPerson(live.test, { permissions: reading, groups: ["contacts"] }));
  target = await createPerson(live.test, { phoneNumber: "+905321234567", email: "kanarya@mail.example.com" });
});
afterAll(() => live[Symbol.asyncDispose]());

const tokenOf = (kind: string) => readers.get(kind)?.token;
const whole = { phoneNumber: "+905321234567", email: "kanarya@mail.example.com" };
const masked = { phoneNumber: "+90•••67", email: "k•••@m•••.com" };

describe.each(kinds)("%s", (kind) => {
  const isWhole = kind !== "who may not";
  const contact = isWhole ? whole : masked;
  const address = isWhole ? "192.0.2.1" : "192.0.•••";
  const as = (procedure: string, input?: unknown) => ask(live, procedure, { token: tokenOf(kind), input });

  test("is shown numbers and addresses so in lists, of one user, and in the answers of changes", async () => {
    const { id } = target;
    const listed = (await as("users.list", { username: target.username })).body.users;
    expect(listed).toMatchObject([{ id, ...contact }]);
    expect((await as("users.get", { id })).body.user).toMatchObject(contact);
    expect((await as("users.update", { id, changes: { city: kind } })).body).toMatchObject(contact);
    expect((await as("users.setGroups", { id, groupIds: [] })).body.user).toMatchObject(contact);
  });

  test("is shown where others are signed in, and where events came from, so", async () => {
    const sessions = (await as("users.listSessions", { id: target.id })).body;
    expect(sessions).toMatchObject([{ address }]);
    const { events } = (await as("audit.list", { userId: target.id, event: "signed_in" })).body;
    expect(events).toMatchObject([{ address }]);
  });

  test("finds somebody by a whole number or address", async () => {
    for (const input of [{ phoneNumber: "+90 532 123 45 67" }, { email: "KANARYA@mail.example.com" }])
      expect((await as("users.list", input)).body).toMatchObject({ users: [{ id: target.id }], nextCursor: null });
  });

  test(isWhole ? "finds people by the beginning of one" : "finds nobody by the beginning of one", async () => {
    for (const input of [
      { phoneNumber: "+9053212345" },
      { phoneNumber: "5" },
      { email: "kan" },
      { email: "kanarya@" },
    ]) {
      const answer = await as("users.list", input);
      const found = answer.body.users ?? [];
      if (isWhole) expect(outcomeOf(answer)).toBe("ok");
      // What may be a whole number is looked for, and found by nobody but its owner.
      else
        expect([outcomeOf(answer), found]).toBeOneOf([
          ["400 invalid_input", []],
          ["ok", []],
        ]);
    }
  });

  test("sees their own account whole", async () => {
    const reader = readers.get(kind);
    const { phoneNumber } = (await as("users.get", { id: reader?.id })).body.user;
    expect(phoneNumber).toBe(reader?.user.phoneNumber);
  });
});

test("a whole address of which another is the beginning finds its owner alone", async () => {
  await live.test.auth.createUser({ username: "longer", password, email: "kanarya@mail.example.com.tr" });
  const { body } = await ask(live, "users.list", { token: tokenOf("who may not"), input: { email: whole.email } });
  expect(body.users.map(({ id }: { id: string }) => id)).toEqual([target.id]);
});

test("how the service does is told with names and numbers to whoever may see contacts, and to others with how many there are", async () => {
  const permissions = ["auth.view_service"];
  const few = await createPerson(live.test, { permissions });
  const more = await createPerson(live.test, { permissions: [...permissions, "auth.view_contact"] });
  const { id } = await live.test.auth.createUser({ username: "gone", password });
  await live.test.database.query("update latchkey.users set phone_number = '+901111111111' where id = $1", [id]);
  const read = async ({ token }: Person): Promise<string> =>
    (await ask(live, "service.health", { token })).body.warnings.join();
  expect(await read(more)).toContain("may have another by now: gone (+901111111111).");
  const counted = await read(few);
  expect(counted).toContain("may have another by now: 1.");
  expect(counted).not.toMatch(/gone|\+90/);
});

test.each<[string, (guess: string) => [procedure: string, input: object]]>([
  ["searching", (phoneNumber) => ["users.list", { phoneNumber }]],
  ["setting it for another", (phoneNumber) => ["users.update", { changes: { phoneNumber } }]],
  ["creating people", (phoneNumber) => ["users.create", { phoneNumber }]],
])(
  "what a mask leaves out is not found by %s: sixty tries, then one a minute, and an event says so",
  async (_, toCall) => {
    const permissions = ["auth.view_user", "auth.change_user", "auth.add_user"];
    const [guesser, other] = [await createPerson(live.test, { permissions }), await createPerson(live.test)];
    const attempt = () => {
      const [procedure, input] = toCall(whole.phoneNumber);
      const named = procedure === "users.update" ? { ...input, id: other.id } : input;
      return ask(live, procedure, { token: guesser.token, input: named }).then(outcomeOf);
    };
    const outcomes: string[] = [];
    for (let nth = 0; nth < 61; nth += 1) outcomes.push(await attempt());
    expect(new Set(outcomes.slice(0, 60)).size).toBe(1);
    expect(outcomes[0]).not.toContain("rate_limited");
    expect(outcomes[60]).toContain("rate_limited");
    const reached = await live.test.database.query(
      "select detail from latchkey.audit_events where event = 'limit_reached' and actor_id = $1",
      [guesser.id],
    );
    expect(reached).toEqual([{ detail: { limit: "find_by_contact" } }]);
    // Changes that tell nothing of anybody's number are none of these.
    const { body } = await ask(live, "users.update", {
      token: guesser.token,
      input: { id: other.id, changes: { city: "Izmir" } },
    });
    expect(body).toMatchObject({ city: "Izmir" });
  },
);

test("whoever loses the permission sees nothing whole from the next call on", async () => {
  const reader = await createPerson(live.test, { permissions: ["auth.view_user", "auth.view_contact"] });
  const read = async () => (await ask(live, "users.get", { token: reader.token, input: { id: target.id } })).body.user;
  expect(await read()).toMatchObject(whole);
  await live.test.auth.operator.revoke(reader.username, { permission: "auth.view_contact" });
  expect(await read()).toMatchObject(masked);
});
