import { createHash, createHmac } from "node:crypto";
import { createInbox, shareOut, testSecret } from "@latchkey/auth/testing";
import { afterAll, describe, expect, test } from "vitest";
import { deriveKey, unseal } from "../../../../packages/auth/src/secrets.ts";
import { type CallOptions, call, nameOf, startLiveServer } from "../live-server.ts";

const inbox = createInbox();
const password = "correct horse battery";
const live = await startLiveServer(
  { messages: { senders: { sms: inbox, email: inbox }, isEnforced: false }, codes: { signInByCode: "both" } },
  { trustedProxies: ["127.0.0.1"] },
);
afterAll(() => live[Symbol.asyncDispose]());

let calls = 0;
/** Each call from a network of its own, unless it says where it comes from. */
const ask = (procedure: string, input: unknown, { headers = {}, ...options }: CallOptions = {}) => {
  calls += 1;
  const from = { "x-forwarded-for": `10.${calls >> 16}.${(calls >> 8) & 255}.${calls & 255}` };
  return call(live.url, procedure, { input, headers: { ...from, ...headers }, ...options });
};

// biome-ignore lint/suspicious/noExplicitAny: the wire is untyped; each test asserts the shape
const readJson = (response: Response) => response.json() as Promise<any>;

let people = 0;
async function createPerson() {
  const phoneNumber = `+9053244${String(++people).padStart(5, "0")}`;
  const { id } = await live.test.auth.createUser({ phoneNumber, password });
  await live.test.database.query("update latchkey.users set phone_proved_at = latchkey.now() where id = $1", [id]);
  return { id, phoneNumber };
}

async function sendCode(to: string, purpose = "sign_in") {
  const { body } = await ask("codes.start", { purpose, to });
  return { challenge: body.challenge as string, code: (await inbox.take(to)).code };
}

const wrongOf = (code: string) => (code === "000000" ? "111111" : "000000");
const reasonOf = ({ body, status }: { body: { data?: { reason: string } }; status: number }) =>
  status === 200 ? "in" : body.data?.reason;

describe("a challenge", () => {
  for (const { tags, cases } of shareOut([20, 50], 2))
    test.each(cases)(
      "lets one of %i right codes in at the same moment, and takes no more than five wrong ones",
      { tags },
      async (atOnce) => {
        const { phoneNumber } = await createPerson();
        const right = await sendCode(phoneNumber);
        const outcomes = await Promise.all(
          Array.from({ length: atOnce }, async () => reasonOf(await ask("token.obtainByCode", right))),
        );
        expect(outcomes.filter((outcome) => outcome === "in")).toHaveLength(1);
        expect(new Set(outcomes)).toEqual(new Set(["in", "code_invalid"]));

        const guessed = await sendCode(phoneNumber);
        const guess = { challenge: guessed.challenge, code: wrongOf(guessed.code) };
        await Promise.all(Array.from({ length: atOnce }, () => ask("token.obtainByCode", guess)));
        expect(reasonOf(await ask("token.obtainByCode", guessed))).toBe("code_invalid");
        const { query } = live.test.database;
        expect(await query("select count from latchkey.wrong_codes order by last_at desc limit 1")).toEqual([
          { count: 5 },
        ]);
      },
    );

  for (const [atOnce, tags] of [
    [10, []],
    [100, ["long"]],
  ] as const)
    test(`has one code however often it is asked for, and a resend gives no guess back: ${atOnce} at once`, {
      tags: [...tags],
    }, async () => {
      const { phoneNumber } = await createPerson();
      const { challenge, code } = await sendCode(phoneNumber);
      for (let time = 0; time < 3; time += 1) await ask("token.obtainByCode", { challenge, code: wrongOf(code) });
      for (let wave = 0; wave < 10; wave += 1) {
        const resends = await Promise.all(Array.from({ length: atOnce }, () => ask("codes.resend", { challenge })));
        expect(resends.every(({ status }) => status === 200)).toBe(true);
        await live.test.clock.advance(40);
      }
      const sent = inbox.messages.filter(({ to }) => to === phoneNumber);
      expect(sent.length).toBeLessThanOrEqual(3);
      expect(new Set(sent.map((message) => message.code))).toEqual(new Set([code]));
      const [row] = await live.test.database.query(
        "select attempts, sends from latchkey.challenges where address = $1",
        [phoneNumber],
      );
      expect(row).toEqual({ attempts: 3, sends: 3 });
      expect(reasonOf(await ask("token.obtainByCode", { challenge, code }))).toBe("in");
    });

  test("of a stranger uses up neither a person's guesses nor the length of the codes on their device", async () => {
    const { phoneNumber } = await createPerson();
    const { body: session } = await ask("token.obtain", { username: phoneNumber, password });
    const { deviceMark } = session;
    for (let challenges = 0; challenges < 5; challenges += 1) {
      const { challenge, code } = await sendCode(phoneNumber);
      for (let guess = 0; guess < 5; guess += 1) await ask("token.obtainByCode", { challenge, code: wrongOf(code) });
    }
    const stranger = await ask("codes.start", { purpose: "sign_in", to: phoneNumber });
    const own = await ask("codes.start", { purpose: "sign_in", to: phoneNumber, deviceMark });
    expect([stranger.body.digits, own.body.digits]).toEqual([10, 6]);
    const codes = [await inbox.take(phoneNumber), await inbox.take(phoneNumber)].map(({ code }) => code);
    const short = codes.find((code) => code.length === 6);
    expect(reasonOf(await ask("token.obtainByCode", { challenge: own.body.challenge, code: short }))).toBe("in");
    const proved = await ask("codes.start", { purpose: "sign_in", to: phoneNumber });
    expect(proved.body.digits).toBe(6);
  });

  test("is refused for every input that is none", async () => {
    for (const input of [
      { purpose: "sign_in" },
      { purpose: "reauthenticate", to: "+905321234567" },
      { purpose: "reauthenticate", current: "fax" },
      { purpose: "register", to: "+905321234567" },
      { purpose: "sign_in", to: "+905321234567", current: "phone" },
      { purpose: "sign_in", to: "+905321234567", locale: "../../en" },
      { purpose: "sign_in", to: "+905321234567", code: "123456" },
    ])
      expect(reasonOf(await ask("codes.start", input)), JSON.stringify(input)).toBe("invalid_input");
    expect(reasonOf(await ask("codes.start", { purpose: "reauthenticate", current: "phone" }))).toBe("token_missing");
    const both = { username: "alice", challenge: "AAAAAAAAAAAAAAAAAAAAAA", code: "123456", newPassword: password };
    expect(reasonOf(await ask("password.reset", both))).toBe("invalid_input");
    expect(reasonOf(await ask("password.reset", { code: "123456", newPassword: password }))).toBe("invalid_input");
  });
});

test("in cookie mode a code opens a session whose tokens no script sees, and a ticket is answered as it is", async () => {
  const { phoneNumber } = await createPerson();
  const inCookieMode = (input: unknown) =>
    fetch(`${live.url}/cookie/trpc/${nameOf("token.obtainByCode")}`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: live.url },
      body: JSON.stringify(input),
    });
  const opened = await inCookieMode(await sendCode(phoneNumber));
  expect(opened.status).toBe(200);
  expect(opened.headers.getSetCookie().join("\n")).toMatch(/latchkey_refresh=[\w-]{20,}/);
  expect((await readJson(opened)).result.data).toMatchObject({ refreshToken: "", deviceMark: "" });
  const proved = await inCookieMode(await sendCode("+905329990001", "enter"));
  expect(proved.headers.getSetCookie()).toEqual([]);
  expect((await readJson(proved)).result.data).toMatchObject({ next: "register", ticket: expect.any(String) });
});

test("nothing that is stored or logged holds a code, a handle or a ticket, or can be turned into one without the secret", {
  timeout: 120_000,
}, async () => {
  const { phoneNumber } = await createPerson();
  const open = [
    await sendCode(phoneNumber),
    await sendCode(phoneNumber, "enter"),
    await sendCode("+905329990002", "enter"),
  ];
  const ticketOf = await sendCode("+905329990003", "enter");
  const { body: proved } = await ask("token.obtainByCode", ticketOf);
  await ask("token.obtainByCode", { ...open[0], code: wrongOf(open[0]?.code ?? "") });
  const states = () => live.test.database.query("select from latchkey.challenges where due_at is not null");
  await expect.poll(states).toEqual([]);

  const rows = await dump();
  const text = [...rows, ...live.logged].join("\n");
  // The microseconds of a time are six digits as well.
  const words = new Set(text.replaceAll(/:\d\d\.\d+/g, "").match(/[\w-]+/g));
  for (const { challenge, code } of [...open, ticketOf]) {
    expect(words.has(code)).toBe(false);
    expect(text).not.toContain(challenge);
  }
  expect(text).not.toContain(proved.ticket);

  // Whoever has all of this tries each code, alone and with each thing that is stored beside it, as text and as key. Only of a code that was
  // sent can a digest be there: the others are not tried.
  const known = new Set((text.match(/\\\\?x[0-9a-f]{32,}|[0-9a-f]{64}|[\w-]{43}/g) ?? []).map(toHex));
  const beside = await live.test.database.query<Record<string, string>>(
    "select id::text, purpose, address, key_id, message_id::text from latchkey.challenges",
  );
  const codes = new Set(inbox.messages.map(({ code }) => code));
  const found = beside.flatMap(
    ({ id = "", purpose = "", address = "", key_id: keyId = "", message_id: messageId = "" }) => {
      const salts = ["", id, address, `${purpose}\0${id}\0${address}`];
      const tried = (code: string) => everyDigest(code, salts, [id, keyId, messageId]);
      return [...codes].filter((code) => tried(code).some((digest) => known.has(digest)));
    },
  );
  expect(known.size).toBeGreaterThan(5);
  expect(codes.size).toBeGreaterThan(5);
  expect(found).toEqual([]);

  // And with the service's own derivation: everything that is stored or logged as its key, as bytes, as text, and each part of its length.
  const bindings = await Promise.all(
    open.map(async ({ challenge, code }) => {
      const [binding] = await live.test.database.query<Omit<Binding, "code">>(
        "select id::text, purpose, address from latchkey.challenges where handle_hash = $1",
        [createHash("sha256").update(challenge).digest()],
      );
      return { id: "", purpose: "", address: "", ...binding, code };
    }),
  );
  expect(bindings.every((binding) => binding.id !== "")).toBe(true);
  const texts = text.match(/\\?x?[0-9a-f]{32,}|[\w+/=-]{16,}/g) ?? [];
  const stored = new Set(texts.flatMap(toKeys).map((key) => key.toString("base64")));
  expect(stored.size).toBeGreaterThan(100);
  const derived = [...stored].filter((key) =>
    bindings.every((binding) => deriveAsService(Buffer.from(key, "base64"), binding) === binding.code),
  );
  expect(derived).toEqual([]);

  // With the key itself, which is there under the secret alone, the codes come out: it is how they are derived.
  const key = await readCodeKey();
  expect(bindings.map((binding) => deriveAsService(key, binding))).toEqual(open.map(({ code }) => code));
});

/** What a text of the dump may be as a key: its own bytes, those that it writes, and each 32 of them in a row. */
function toKeys(text: string): Buffer[] {
  const hex = text.replace(/^\\*x/, "");
  const written = /^[0-9a-f]+$/.test(hex) ? Buffer.from(hex, "hex") : Buffer.from(text, "base64url");
  const parts = Array.from({ length: Math.max(0, written.length - 31) }, (_, at) => written.subarray(at, at + 32));
  return [Buffer.from(text), written, ...parts].filter((key) => key.length > 0);
}

interface Binding {
  readonly id: string;
  readonly purpose: string;
  readonly address: string;
  readonly code: string;
}

async function readCodeKey(): Promise<Buffer> {
  const [row] = await live.test.database.query<{ id: string; sealed: Buffer }>(
    "select id, sealed from latchkey.secret_keys where purpose = 'codes' and superseded_at is null",
  );
  if (!row) throw new Error("There is no key for codes");
  return unseal(deriveKey(testSecret, "sealed-keys"), row.sealed, `secret-key/codes/${row.id}`);
}

function deriveAsService(key: Buffer, { purpose, id, address }: Omit<Binding, "code">): string {
  const bits = createHmac("sha256", key).update(`code\0${purpose}\0${id}\0${address}`).digest().readUIntBE(0, 6);
  return String(bits % 1_000_000).padStart(6, "0");
}

/** A code with everything: what none of these is, no other function of it is likely to be. */
function everyDigest(code: string, salts: readonly string[], keys: readonly string[]): string[] {
  return [
    ...salts
      .flatMap((salt) => [`${salt}${code}`, `${code}${salt}`, `${salt}:${code}`, `${salt}\0${code}`])
      .map((text) => createHash("sha256").update(text).digest("hex")),
    ...keys.flatMap((key) =>
      ["sha256", "sha1", "md5"].flatMap((algorithm) => [
        createHmac(algorithm, key).update(code).digest("hex"),
        createHash(algorithm).update(key).update(code).digest("hex"),
      ]),
    ),
  ];
}

const toHex = (text: string) =>
  /^[0-9a-f]{64}$/.test(text)
    ? text
    : text.includes("x") && /x[0-9a-f]+$/.test(text)
      ? text.replace(/^.*x/, "")
      : Buffer.from(text, "base64url").toString("hex");

/** Every row of every table, as text. */
async function dump(): Promise<string[]> {
  const { query } = live.test.database;
  const tables = await query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'latchkey'",
  );
  const rows = await Promise.all(
    tables.map(({ name }) => query<{ row: string }>(`select t::text as row from ${name} t`)),
  );
  return rows.flat().map(({ row }) => row);
}
