import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openStorage, type Queries, type Storage } from "../storage/database.ts";
import { createTestAuth, shareOut, type TestAuth } from "../testing/index.ts";
import type { Ask } from "./ask.ts";
import { createFirewall, type Firewall, type FirewallOptions } from "./firewall.ts";
import {
  type Count,
  countryBudgets,
  defaultLimits,
  type EmailCase,
  type EmailRule,
  type FirewallCase,
  findRefusingEmailRule,
  findRefusingRule,
  findUsedUpBudget,
  noCount,
  type PhoneRule,
} from "./firewall-rules.ts";
import { addAndReadCounts, deleteOldCounts, readCountries, readCounts } from "./message-counts.ts";
import { listScenarios, listScenariosBeyond, simulate } from "./pump.ts";

describe("the rules", () => {
  for (const { tags, cases } of shareOut(listScenarios(), 6))
    it.each(cases)(
      "spend no more than the budget and refuse at most one honest person in a hundred: $name",
      { tags },
      ({ asks, limits, mostFraud = 30 }) => {
        const result = simulate(asks, limits);
        expect(result.mostSentInADay).toBeLessThanOrEqual(limits.perDay + limits.launchBudget);
        expect(result.fraudSent).toBeLessThanOrEqual(mostFraud);
        expect(result.honestRefused).toBeLessThanOrEqual(result.honestAsked / 100);
        expect(result.honestRefusedThen).toBeLessThanOrEqual(result.honestAskedThen / 100);
        expect(result.knownRefusedThen).toBe(0);
      },
    );

  for (const { tags, cases } of shareOut(listScenariosBeyond(), 6))
    it.each(cases)(
      "spend no more than the budget, and refuse no known device: $name",
      { tags },
      ({ asks, limits, mostFraud = 30 }) => {
        const result = simulate(asks, limits);
        expect(result.mostSentInADay).toBeLessThanOrEqual(limits.perDay);
        expect(result.fraudSent).toBeLessThanOrEqual(mostFraud);
        expect(result.knownAskedThen).toBeGreaterThan(20);
        expect(result.knownRefusedThen).toBe(0);
      },
    );

  /** What is asked by a stranger for a mobile number of a named country, with much proved there, and whatever differs. */
  const judgeAsk = (differs: Partial<FirewallCase>) =>
    findRefusingRule(
      {
        ...{ isMobile: true, country: "TR", isKnownDevice: false },
        ...{ number: noCount, numberByNetwork: noCount, network: noCount, prefix: noCount, prefixByNetwork: noCount },
        ...{
          range: noCount,
          countryTotal: { ...noCount, provedBest: 1_000 },
          countryByNetwork: noCount,
          total: noCount,
        },
        ...differs,
      },
      { ...defaultLimits, countries: ["TR"] },
    );
  const hour = (count: number) => ({ ...noCount, hour: count, day: count });
  const day = (count: number) => ({ ...noCount, day: count });

  // Each limit is tried at its last message and beyond it. Of what is shared, three tenths are kept for known devices.
  it.each<[what: string, last: Partial<FirewallCase>, beyond: Partial<FirewallCase>, rule: PhoneRule]>([
    ["a line that is no mobile number", {}, { isMobile: false }, "kind"],
    ["a country that is not named", {}, { country: "DE" }, "country"],
    ["a number without a country", {}, { country: null }, "country"],
    ["a number, of networks that have not asked for it", { number: day(9) }, { number: day(10) }, "number"],
    [
      "a number, of a network that has asked for it, whose last four are kept for others",
      { number: day(5), numberByNetwork: day(1) },
      { number: day(6), numberByNetwork: day(1) },
      "number",
    ],
    ["a number by one network", { numberByNetwork: day(2) }, { numberByNetwork: day(3) }, "number"],
    [
      "a number by its owner's devices",
      { isKnownDevice: true, number: day(4) },
      { isKnownDevice: true, number: day(5) },
      "number",
    ],
    ["a network in an hour", { network: hour(9) }, { network: hour(10) }, "network"],
    [
      "a network whose people have proved 20, of whom three tenths count besides",
      { network: { ...hour(35), provedHour: 20, provedDay: 20 } },
      { network: { ...hour(36), provedHour: 20, provedDay: 20 } },
      "network",
    ],
    ["a prefix in an hour", { prefix: hour(6) }, { prefix: hour(7) }, "prefix"],
    ["a prefix in a day", { prefix: day(20) }, { prefix: day(21) }, "prefix"],
    [
      "a prefix in an hour, by known devices",
      { isKnownDevice: true, prefix: hour(9) },
      { isKnownDevice: true, prefix: hour(10) },
      "prefix",
    ],
    [
      "a prefix in a day, by known devices",
      { isKnownDevice: true, prefix: day(29) },
      { isKnownDevice: true, prefix: day(30) },
      "prefix",
    ],
    ["a prefix by one network", { prefixByNetwork: day(3) }, { prefixByNetwork: day(4) }, "prefix"],
    [
      "a prefix by one network whose people have proved 20 of it",
      { prefixByNetwork: { ...day(23), provedDay: 20 } },
      { prefixByNetwork: { ...day(24), provedDay: 20 } },
      "prefix",
    ],
    [
      "a country by one network, in which nothing is proved",
      { countryTotal: noCount, countryByNetwork: day(4) },
      { countryTotal: noCount, countryByNetwork: day(5) },
      "country_budget",
    ],
    [
      "a country in which nothing is proved, in an hour",
      { countryTotal: hour(2) },
      { countryTotal: hour(3) },
      "country_budget",
    ],
    ["the same in a day", { countryTotal: day(13) }, { countryTotal: day(14) }, "country_budget"],
    ["a day in all", { total: day(699) }, { total: day(700) }, "day_budget"],
    [
      "a day in all, by known devices",
      { isKnownDevice: true, total: day(999) },
      { isKnownDevice: true, total: day(1_000) },
      "day_budget",
    ],
    [
      "what of it is kept for known devices, which a number has for a code and its resend",
      { isKnownDevice: true, number: day(1), total: day(700) },
      { isKnownDevice: true, number: day(2), total: day(700) },
      "day_budget",
    ],
  ])("refuse what is beyond the limit of %s, and nothing before", (_, last, beyond, rule) => {
    expect([judgeAsk(last), judgeAsk(beyond)]).toEqual([null, rule]);
  });

  it("hold no known device to a country's budget, whatever others have used up", () => {
    expect(judgeAsk({ isKnownDevice: true, countryTotal: hour(500) })).toBeNull();
  });

  it("name the first rule that refuses, in the order in which they are looked at", () => {
    const all: [PhoneRule, Partial<FirewallCase>][] = [
      ["kind", { isMobile: false }],
      ["country", { country: "DE" }],
      ["number", { number: day(10) }],
      ["network", { network: hour(10) }],
      ["prefix", { prefix: hour(10) }],
      ["country_budget", { countryTotal: day(20) }],
      ["day_budget", { total: day(1_000) }],
    ];
    for (const [at, [rule]] of all.entries())
      expect(judgeAsk(Object.assign({}, ...all.slice(at).map(([, differs]) => differs)))).toBe(rule);
  });

  it("add a launch's messages to every country's budget and to the day's, and to nothing else", () => {
    const limits = { ...defaultLimits, countries: ["TR"], launchBudget: 100 };
    expect(countryBudgets(noCount, limits)).toEqual({ day: 120, hour: 105 });
    const budgets = { total: day(1_099), countryTotal: noCount, range: noCount, isKnownDevice: true, isKept: true };
    expect(findUsedUpBudget(budgets, limits)).toBeNull();
    expect(findUsedUpBudget({ ...budgets, total: day(1_100) }, limits)).toBe("day_budget");
  });

  /** What is asked by a stranger for an e-mail, and whatever differs. */
  const judgeEmail = (differs: Partial<EmailCase>) =>
    findRefusingEmailRule(
      {
        isKnownDevice: false,
        address: noCount,
        addressByNetwork: noCount,
        network: noCount,
        total: noCount,
        ...differs,
      },
      { ...defaultLimits, emailsPerDay: 1_000 },
    );

  it.each<[what: string, last: Partial<EmailCase>, beyond: Partial<EmailCase>, rule: EmailRule]>([
    ["an address in an hour", { address: hour(4) }, { address: hour(5) }, "email_address"],
    ["an address in a day", { address: day(19) }, { address: day(20) }, "email_address"],
    ["an address by one network", { addressByNetwork: day(4) }, { addressByNetwork: day(5) }, "email_address"],
    [
      "an address by its owner's devices",
      { isKnownDevice: true, address: hour(4) },
      { isKnownDevice: true, address: hour(5) },
      "email_address",
    ],
    ["a network in an hour", { network: hour(19) }, { network: hour(20) }, "email_network"],
    ["a day's e-mails in all", { total: day(699) }, { total: day(700) }, "email_day_budget"],
    [
      "a day's e-mails in all, by known devices",
      { isKnownDevice: true, total: day(999) },
      { isKnownDevice: true, total: day(1_000) },
      "email_day_budget",
    ],
  ])("refuse e-mails beyond the limit of %s, and nothing before", (_, last, beyond, rule) => {
    expect([judgeEmail(last), judgeEmail(beyond)]).toEqual([null, rule]);
  });

  it("send nothing at all where a day may have no messages", () => {
    const limits = { ...defaultLimits, countries: ["TR"], perDay: 0, emailsPerDay: 0 };
    for (const isKnownDevice of [true, false]) {
      const input = { isKnownDevice, isKept: isKnownDevice, total: noCount, range: noCount, countryTotal: noCount };
      expect(findUsedUpBudget(input, limits)).toBe("day_budget");
      const email = { isKnownDevice, address: noCount, addressByNetwork: noCount, network: noCount, total: noCount };
      expect(findRefusingEmailRule(email, limits)).toBe("email_day_budget");
    }
  });

  it("keep a part of a country's budget for ranges whose numbers are proved, and for those a part of what they proved", () => {
    const limits = { ...defaultLimits, countries: ["TR"] };
    const proved = { ...noCount, provedDay: 100, provedBest: 100 };
    const judge = (range: Count, unproved: number) =>
      findRefusingRule(
        {
          ...{ isMobile: true, country: "TR", isKnownDevice: false },
          ...{ number: noCount, numberByNetwork: noCount, network: noCount, prefix: noCount, total: noCount },
          ...{ prefixByNetwork: noCount, countryByNetwork: noCount },
          range,
          countryTotal: { ...proved, day: 100 + unproved },
        },
        limits,
      );
    // 30 % of 100, less what is kept for known devices: 21 for a range that has earned it, 14 for all others.
    expect([13, 14].map((unproved) => judge(noCount, unproved))).toEqual([null, "country_budget"]);
    const earned = { ...noCount, day: 40, provedDay: 40, provedBest: 40 };
    expect([20, 21].map((unproved) => judge(earned, unproved))).toEqual([null, "country_budget"]);
    expect([11, 12].map((own) => judge({ ...earned, day: 40 + own }, 15))).toEqual([null, "country_budget"]);
    // Few proofs earn a few messages; none, nothing.
    const once = { ...noCount, day: 1, provedBest: 1 };
    expect([4, 5].map((own) => judge({ ...once, day: own }, 15))).toEqual([null, "country_budget"]);
  });
});

describe("the firewall", () => {
  let service: TestAuth;
  let storage: Storage;
  beforeAll(async () => {
    service = await createTestAuth();
    storage = openStorage({ ...service.database.connection, max: 8 });
    await goTo(1_800);
  });
  beforeEach(() => service.database.query("delete from latchkey.message_counts"));
  afterAll(async () => {
    await storage.close();
    await service[Symbol.asyncDispose]();
  });

  /** Moves the clock on until so many seconds of an hour are left. */
  async function goTo(secondsLeft: number) {
    const query = "select 3600 - extract(epoch from latchkey.now())::int % 3600 as left";
    const [found] = await service.database.query(query);
    await service.clock.advance((Number(found?.left) - secondsLeft + 3_600) % 3_600);
  }

  const open = (options: Partial<FirewallOptions> = {}) =>
    createFirewall({
      db: storage.db,
      key: randomBytes(32),
      limits: { ...defaultLimits, countries: ["TR"] },
      isEnforced: true,
      ...options,
    });
  const key = randomBytes(32);
  const number = "+905321234567";
  const numberOf = (nth: number) => `+90532${String(1_000_000 + nth * 10_000)}`;
  const ask = (changes: Partial<Ask> = {}): Ask => ({
    number,
    network: "192.0.2.1",
    isKnownDevice: false,
    isSent: true,
    ...changes,
  });
  const outcomes = async (asks: readonly Promise<void>[]) =>
    (await Promise.allSettled(asks)).map((result) => (result.status === "rejected" ? result.reason.code : "sent"));

  /** So many numbers that somebody has proved, of ten prefixes. */
  async function proveMany(firewall: Firewall, count: number) {
    for (let nth = 0; nth < 10; nth += 1) await firewall.prove(storage.db, numberOf(nth), null);
    await service.database.query("update latchkey.message_counts set count = count * $1", [count / 10]);
  }

  /** What becomes of an ask, and how many statements it takes. */
  const countStatements = async (admit: () => Promise<void>) => {
    let statements = 0;
    const note = () => {
      statements += 1;
    };
    storage.pool.on("acquire", note);
    const outcome = await outcomes([admit()]);
    storage.pool.off("acquire", note);
    return [...outcome, statements];
  };

  it("refuses other countries and lines without messages at once, as what was typed is to blame", async () => {
    const firewall = open();
    const refused = await outcomes([
      firewall.admit(ask({ number: "+4915112345678" })),
      firewall.admit(ask({ number: "+902121234567" })),
      firewall.admit(ask({ number: "+9" })),
      open({ limits: defaultLimits }).admit(ask()),
    ]);
    expect(refused).toEqual(["invalid_input", "invalid_input", "invalid_input", "invalid_input"]);
  });

  it("gives one network three messages to a number, and keeps the last four for networks that have not asked", async () => {
    const firewall = open({ limits: { ...defaultLimits, countries: ["TR"], countryPerHour: 100, prefixPerHour: 100 } });
    const from = (network: string) => outcomes([firewall.admit(ask({ network }))]);
    for (let nth = 0; nth < 3; nth += 1) expect(await from("a")).toEqual(["sent"]);
    expect(await from("a")).toEqual(["rate_limited"]);
    for (const network of ["b", "c", "d"]) expect(await from(network)).toEqual(["sent"]);
    expect(await from("b")).toEqual(["rate_limited"]);
    for (const network of ["e", "f", "g", "h"]) expect(await from(network)).toEqual(["sent"]);
    expect(await from("i")).toEqual(["rate_limited"]);
    expect(await outcomes([firewall.admit(ask({ isKnownDevice: true }))])).toEqual(["sent"]);
  });

  it("refuses alike whether a message would have been sent or not", async () => {
    const verdicts = async (isSent: boolean) => {
      const firewall = open();
      const all: unknown[] = [];
      for (let nth = 0; nth < 5; nth += 1) all.push(...(await outcomes([firewall.admit(ask({ isSent }))])));
      return all;
    };
    const known = await verdicts(true);
    await service.database.query("delete from latchkey.message_counts");
    expect(await verdicts(false)).toEqual(known);
  });

  it("asks the database once for a verdict, and twice for what is used up: to read that it is, and to note it", async () => {
    const firewall = open({ limits: { ...defaultLimits, countries: ["TR"], countryPerHour: 100, prefixPerHour: 100 } });
    const fresh = (nth: number) => () => firewall.admit(ask({ number: numberOf(nth), network: `fresh${nth}` }));
    // The hours that are over are added up for the first.
    await fresh(0)();
    expect(await countStatements(fresh(1))).toEqual(["sent", 1]);
    const nobodys = () => firewall.admit(ask({ number: "nobody", isDecoy: true, isSent: false, network: "fresh2" }));
    await nobodys();
    expect(await countStatements(nobodys)).toEqual(["sent", 1]);
    const again = () => firewall.admit(ask({ number: numberOf(3), network: "a" }));
    for (let time = 0; time < 3; time += 1) await again();
    // The first refusal of all takes back what was counted.
    expect(await countStatements(again)).toEqual(["rate_limited", 2]);
    expect(await countStatements(again)).toEqual(["rate_limited", 2]);
    expect(await countStatements(() => firewall.admit(ask({ number: "+4915112345678" })))).toEqual([
      "invalid_input",
      1,
    ]);
    expect(await countStatements(fresh(4))).toEqual(["sent", 1]);
  });

  const asked = ["somebody", "country:TR", "total"];
  it.each<[what: string, run: (db: Queries) => Promise<unknown>]>([
    ["reads", (db) => readCounts(db, asked)],
    [
      "counts and reads",
      (db) =>
        addAndReadCounts(db, {
          counts: asked.map((key) => ({ key, what: "counted", isSpread: false })),
          keys: asked,
        }),
    ],
  ])(
    "%s as little when an hour has many messages as in the first, by one plan that was made when there were none",
    async (_, run) => {
      const found = await storage.db.transaction().execute(async (transaction) => {
        const countRead = async () => {
          const looked = sql<{ rows: number }>`
          select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables where relname = 'message_counts'`;
          const read = async () => (await looked.execute(transaction)).rows[0]?.rows ?? 0;
          const before = await read();
          await run(transaction);
          return (await read()) - before;
        };
        // From the sixth time on PostgreSQL keeps the plan.
        for (let time = 0; time < 12; time += 1) await countRead();
        const first = await countRead();
        await sql`insert into latchkey.message_counts
        select 'other' || nth, date_trunc('hour', latchkey.now()), 'counted', 0, 1 from generate_series(1, 2000) nth`.execute(
          transaction,
        );
        const plans = await sql<{ custom: number }>`
        select max(custom_plans)::int as custom from pg_prepared_statements where statement like '%are_shared%'`.execute(
          transaction,
        );
        return { more: (await countRead()) - first, planned: plans.rows[0]?.custom };
      });
      expect(found).toEqual({ more: 0, planned: 5 });
    },
  );

  it("takes nothing of a number for an ask that it refuses, so that nobody uses up what others may ask for", async () => {
    const limits = { ...defaultLimits, countries: ["TR"], countryPerHour: 100, prefixPerHour: 100 };
    // Each process refuses once before it knows.
    for (let nth = 0; nth < 10; nth += 1)
      for (let time = 0; time < 4; time += 1) await outcomes([open({ limits, key }).admit(ask({ network: "a" }))]);
    for (const network of ["b", "c", "d", "e", "f", "g", "h"])
      expect(await outcomes([open({ limits, key }).admit(ask({ network }))])).toEqual(["sent"]);
  });

  it("hands over what the budget has to fifty at the same moment, and no more", async () => {
    const firewall = open();
    const asks = Array.from({ length: 50 }, (_, nth) =>
      firewall.admit(ask({ number: numberOf(nth), network: `n${nth}` })),
    );
    const sent = (await outcomes(asks)).filter((outcome) => outcome === "sent");
    expect(sent).toHaveLength(3);
    const countries = await readCountries(storage.db);
    expect(countries.find(({ what }) => what === "counted")?.count).toBe(sent.length);
    expect(countries.find(({ what }) => what === "refused:country_budget")?.count).toBe(50 - sent.length);
  });

  it("counts a message to a known device in its country when it is proved, and none of theirs that is not", async () => {
    const firewall = open();
    const sentBy = async () => (await readCountries(storage.db)).filter(({ what }) => what !== "asked");
    for (let time = 0; time < 5; time += 1) await firewall.admit(ask({ isKnownDevice: true }));
    expect(await sentBy()).toEqual([]);
    await firewall.prove(storage.db, number, "192.0.2.1");
    const once = ["counted", "proved"].map((what) => ({ country: "TR", what, count: 1 }));
    expect(await sentBy()).toEqual(once);
    // Another of the same number, which a stranger asked for: it was counted when it was sent, and the known device's are proved first.
    await firewall.admit(ask({ network: "other" }));
    for (let time = 0; time < 5; time += 1) await firewall.prove(storage.db, number, "other");
    const counted = await sentBy();
    expect(counted.map(({ count }) => count)).toEqual([6, 6]);
  });

  it("gives back what is proved, so that a day on which people come is no day on which they are refused", async () => {
    const firewall = open();
    for (let nth = 0; nth < 30; nth += 1) {
      await firewall.admit(ask({ number: numberOf(nth), network: `n${nth}` }));
      await firewall.prove(storage.db, numberOf(nth), `n${nth}`);
    }
    expect((await readCountries(storage.db)).find(({ what }) => what === "proved")?.count).toBe(30);
  });

  it("holds a message of the next channel to what the day and the country may cost, and tells a refusal", async () => {
    const refusals: string[] = [];
    // Three of five: the others are kept for known devices.
    const limits = { ...defaultLimits, countries: ["TR"], perDay: 5, countryPerHour: 100 };
    const firewall = open({ limits, onRefusal: (rule, country) => refusals.push(`${rule} ${country}`) });
    for (let time = 0; time < 3; time += 1) expect(await firewall.admitNext(number)).toBe(true);
    expect(await firewall.admitNext(number)).toBe(false);
    expect(refusals).toEqual(["day_budget TR"]);
    expect(await readCountries(storage.db)).toContainEqual({ country: "TR", what: "refused:day_budget", count: 1 });
    expect(await outcomes([firewall.admit(ask({ isKnownDevice: true }))])).toEqual(["sent"]);
    expect(await open({ limits, isEnforced: false }).admitNext(number)).toBe(true);
    await service.database.query("delete from latchkey.message_counts");
    const atOnce = await Promise.all(Array.from({ length: 20 }, () => firewall.admitNext(number)));
    expect(atOnce.filter(Boolean)).toHaveLength(3);
  });

  it("gives a number its messages of a day and no more to many networks at the same moment, in several processes", async () => {
    const limits = { ...defaultLimits, countries: ["TR"], countryPerHour: 100, countryPerDay: 100, prefixPerHour: 100 };
    const firewalls = [1, 2, 3].map(() => open({ limits, key }));
    const asks = Array.from({ length: 30 }, (_, nth) => firewalls[nth % 3]?.admit(ask({ network: `n${nth}` })));
    const sent = (await outcomes(asks.map((one) => one ?? Promise.reject()))).filter((outcome) => outcome === "sent");
    expect(sent).toHaveLength(10);
  });

  it("counts those of two hours together who ask at the turn of the hour, though neither waits for the other", async () => {
    const limits = { ...defaultLimits, countries: ["TR"], numberByNetwork: 2 };
    const [late, early] = [open({ limits, key }), open({ limits, key })];
    await goTo(5);
    expect(await countStatements(() => late.admit(ask()))).toEqual(["sent", 2]);
    const [first, second] = await storage.db.transaction().execute(async (transaction) => {
      await sql`select from latchkey.message_counts where what = 'counted' for update`.execute(transaction);
      const waiting = outcomes([late.admit(ask())]);
      const waitingOnes =
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
      await vi.waitFor(async () => expect(await service.database.query(waitingOnes)).toHaveLength(1), {
        timeout: 20_000,
      });
      await service.clock.advance(10);
      return [await outcomes([early.admit(ask())]), { waiting }];
    });
    expect([first, await second?.waiting]).toEqual([["sent"], ["rate_limited"]]);
    await goTo(1_800);
  });

  it("sends an address five messages in an hour, a network 20 and everybody a day's budget, and the same to nobody's", async () => {
    for (const isSent of [true, false]) {
      await service.database.query("delete from latchkey.message_counts");
      const firewall = open();
      const asks = (address: string, network: string, count: number) =>
        outcomes(
          Array.from({ length: count }, () => firewall.admitEmail({ address, network, isKnownDevice: false, isSent })),
        );
      expect((await asks("a@example.com", "n1", 3)).filter((what) => what === "sent")).toHaveLength(3);
      const [fourth] = await asks("a@example.com", "n1", 1);
      const [fifth] = await asks("a@example.com", "n1", 1);
      const [sixth] = await asks("a@example.com", "n2", 1);
      expect([fourth, fifth, sixth]).toEqual(["sent", "sent", "rate_limited"]);
      for (let nth = 0; nth < 15; nth += 1) expect(await asks(`b${nth}@example.com`, "n1", 1)).toEqual(["sent"]);
      expect(await asks("c@example.com", "n1", 1)).toEqual(["rate_limited"]);
      expect(await asks("c@example.com", "n3", 1)).toEqual(["sent"]);
    }
    await service.database.query("delete from latchkey.message_counts");
    const firewall = open({ limits: { ...defaultLimits, emailsPerDay: 25 } });
    const ask = (nth: number, isKnownDevice = false) =>
      firewall.admitEmail({ address: `${nth}@example.com`, network: `n${nth}`, isKnownDevice, isSent: true });
    for (let nth = 0; nth < 17; nth += 1) await ask(nth);
    for (let nth = 17; nth < 40; nth += 1) expect(await outcomes([ask(nth)])).toEqual(["rate_limited"]);
    // Of the day's, three tenths are kept for people who have signed in there before.
    for (let nth = 17; nth < 25; nth += 1) expect(await outcomes([ask(nth, true)])).toEqual(["sent"]);
    expect(await outcomes([ask(26, true)])).toEqual(["rate_limited"]);
  });

  it("sends one mailbox twenty messages in a day, five of them by one network, however its address is written", async () => {
    const firewall = open();
    let written = 0;
    const send = (network: string, changes: { address?: string; isKnownDevice?: boolean } = {}) =>
      outcomes([
        firewall.admitEmail({
          address: `a.d.a+${++written}@gmail.com`,
          network,
          isKnownDevice: false,
          isSent: true,
          ...changes,
        }),
      ]);
    for (let nth = 0; nth < 5; nth += 1) expect(await send("n0")).toEqual(["sent"]);
    expect(await send("n1", { address: "ada@googlemail.com" })).toEqual(["rate_limited"]);
    // Of other domains a dot is another person.
    expect(await send("n1", { address: "a.da@example.com" })).toEqual(["sent"]);
    await service.clock.advance(3_600);
    expect(await send("n0")).toEqual(["rate_limited"]);
    for (let network = 1; network < 4; network += 1) {
      for (let nth = 0; nth < 5; nth += 1) expect(await send(`n${network}`)).toEqual(["sent"]);
      await service.clock.advance(3_600);
    }
    expect(await send("n4")).toEqual(["rate_limited"]);
    expect(await send("n4", { isKnownDevice: true })).toEqual(["sent"]);
    await service.clock.advance(86_400);
  });

  it("counts what stands for nobody's number like any other, and no country for it", async () => {
    const firewall = open();
    const decoy = () => firewall.admit(ask({ number: "nobody", isDecoy: true, isSent: false }));
    for (let nth = 0; nth < 3; nth += 1) await decoy();
    expect(await outcomes([decoy()])).toEqual(["rate_limited"]);
    expect(
      (await readCountries(storage.db)).every(({ country, what }) => country === "none" || what.startsWith("refused")),
    ).toBe(true);
  });

  it("only tells its verdict where messages cost nothing", async () => {
    const rules: string[] = [];
    const firewall = open({ limits: defaultLimits, isEnforced: false, onRefusal: (rule) => rules.push(rule) });
    await firewall.admit(ask());
    expect(rules).toEqual(["country"]);
  });

  it("remembers the hours that are over: a day's budget is used up by all of them, and comes back with the day", async () => {
    const limits = { ...defaultLimits, countries: ["TR"], perDay: 10, countryPerHour: 100, countryPerDay: 100 };
    const firewall = open({ limits });
    let nth = 100;
    const send = () => outcomes([firewall.admit(ask({ number: numberOf(++nth), network: `n${nth}` }))]);
    for (let hour = 0; hour < 7; hour += 1) {
      expect(await send()).toEqual(["sent"]);
      await service.clock.advance(3_600);
    }
    expect(await send()).toEqual(["rate_limited"]);
    await service.clock.advance(18 * 3_600);
    expect(await send()).toEqual(["sent"]);
  });

  it("lets as many in as proved on the best day of two weeks, however long ago its hours were added up", async () => {
    const limits = {
      ...defaultLimits,
      countries: ["TR"],
      countryPerHour: 1,
      countryPerDay: 1,
      shareForKnownDevices: 0,
    };
    const firewall = open({ limits });
    await proveMany(firewall, 60);
    await service.clock.advance(5 * 86_400);
    const send = (nth: number) => outcomes([firewall.admit(ask({ number: numberOf(nth), network: `b${nth}` }))]);
    // 30 % of 60 for the day, of which a sixth an hour.
    for (let nth = 0; nth < 3; nth += 1) expect(await send(nth + 300)).toEqual(["sent"]);
    expect(await send(400)).toEqual(["rate_limited"]);
    await service.clock.advance(10 * 86_400);
    expect(await send(500)).toEqual(["sent"]);
    expect(await send(501)).toEqual(["rate_limited"]);
  });

  it("goes on sending to ranges whose numbers are proved when numbers of others have used up their part", async () => {
    const limits = { ...defaultLimits, countries: ["TR"], countryPerHour: 1, countryPerDay: 1 };
    const firewall = open({ limits });
    // All of one range, on a day that is over.
    await proveMany(firewall, 400);
    await service.clock.advance(2 * 86_400);
    const send = (changes: Partial<Ask>) => outcomes([firewall.admit(ask(changes))]);
    const ofOthers = (nth: number) => ({ number: `+9055${nth % 10}${2_000_000 + nth * 10_000}`, network: `bot${nth}` });
    const fraud: string[] = [];
    for (let nth = 0; nth < 20; nth += 1) fraud.push(...(await send(ofOthers(nth))));
    // A sixth of 30 % of 400 in this hour, less what is kept for known devices and for the range.
    expect(fraud.filter((outcome) => outcome === "sent")).toHaveLength(9);
    expect(await send({ number: numberOf(500), network: "home" })).toEqual(["sent"]);
    expect(await send(ofOthers(30))).toEqual(["rate_limited"]);
  });

  it("keeps a prefix and a country open for others when one address has typed many numbers, and for known devices when many have", async () => {
    const firewall = open();
    const send = (changes: Partial<Ask>) => outcomes([firewall.admit(ask(changes))]);
    const ofPrefix = (nth: number) => `+90532111${String(nth).padStart(4, "0")}`;
    // None of these is anybody's, so that nothing is sent.
    for (let hour = 0; hour < 3; hour += 1) {
      for (let nth = 0; nth < 7; nth += 1) await send({ number: ofPrefix(hour * 10 + nth), isSent: false });
      await service.clock.advance(3_600);
    }
    expect(await send({ number: ofPrefix(100) })).toEqual(["rate_limited"]);
    expect(await send({ number: ofPrefix(101), network: "home" })).toEqual(["sent"]);
    for (let hour = 0; hour < 5; hour += 1) {
      for (let nth = 0; nth < 7; nth += 1) await send({ number: numberOf(hour * 10 + nth), network: "bot" });
      await service.clock.advance(3_600);
    }
    expect(await send({ number: numberOf(200), network: "bot" })).toEqual(["rate_limited"]);
    expect(await send({ number: numberOf(201), network: "home" })).toEqual(["sent"]);
    for (let nth = 0; nth < 20; nth += 1) await send({ number: numberOf(300 + nth), network: `bot${nth}` });
    expect(await send({ number: numberOf(400), network: "other" })).toEqual(["rate_limited"]);
    for (let nth = 0; nth < 5; nth += 1)
      expect(await send({ number: numberOf(500 + nth), isKnownDevice: true })).toEqual(["sent"]);
    await service.clock.advance(86_400);
  });

  it("keeps no number and no network in plain text, and forgets counts after fifteen days", async () => {
    await open().admit(ask());
    const dump = JSON.stringify(await service.database.query("select * from latchkey.message_counts"));
    expect(dump).not.toContain("5321234567");
    expect(dump).not.toContain("192.0.2.1");
    expect(await deleteOldCounts(storage.db, 100)).toBe(0);
    await service.clock.advance(16 * 86_400);
    expect(await deleteOldCounts(storage.db, 100)).toBeGreaterThan(0);
  });
});
