import { describe, expect, test } from "vitest";
import { shareOut } from "../testing/index.ts";
import { type AccountState, type Evidence, mayOpen, type Purpose, type Verdict, type WayInRules } from "./may-open.ts";
import { judgeName, type NameTrust } from "./name-trust.ts";

const bare: AccountState = {
  isActive: true,
  isParked: false,
  isHolderOfRights: false,
  hasPassword: false,
  hasPasskey: false,
  hasRecoveryCodes: false,
  hasSecondFactor: false,
  phone: "none",
  email: "none",
};
const usual: WayInRules = { signInByCode: "phone", holdersByCode: false, holdersByOldToken: false };

const withPassword: Partial<AccountState> = { hasPassword: true };
const toReplace: Partial<AccountState> = { hasPassword: true, isPasswordChangeDue: true };
const numberOnly: Partial<AccountState> = { phone: "trusted" };
const numberAndPassword: Partial<AccountState> = { phone: "trusted", hasPassword: true };
const stale: Partial<AccountState> = { phone: "stale", hasPassword: true };
const staleNumberOnly: Partial<AccountState> = { phone: "stale", hasRecoveryCodes: true };
const claimed: Partial<AccountState> = { phone: "claimed", hasPassword: true };
const vouched: Partial<AccountState> = { phone: "vouched" };
const vouchedBesidePassword: Partial<AccountState> = { phone: "vouched", hasPassword: true };
const holder: Partial<AccountState> = { ...numberAndPassword, isHolderOfRights: true };
const parked: Partial<AccountState> = { isParked: true, hasPassword: true, hasRecoveryCodes: true };
const parkedTwice: Partial<AccountState> = { ...parked, hasSecondFactor: true };
const parkedBare: Partial<AccountState> = { ...parked, hasRecoveryCodes: false };
const twoFactors: Partial<AccountState> = { ...numberAndPassword, hasSecondFactor: true };

type Row = readonly [
  title: string,
  account: Partial<AccountState>,
  evidence: readonly Evidence[],
  purpose: Purpose,
  opens: Verdict["opens"],
  rules?: Partial<WayInRules>,
];

const rows: readonly Row[] = [
  ["a password signs in", withPassword, ["password"], "sign_in", "session"],
  ["a password that the account has not signs nobody in", numberOnly, ["password"], "sign_in", "nothing"],
  ["a password that is to be replaced asks for another", toReplace, ["password"], "sign_in", "new_password"],
  ["and with that opens", toReplace, ["password", "new_password"], "sign_in", "session"],
  ["a new password alone opens nothing", toReplace, ["new_password"], "sign_in", "nothing"],
  ["a code asks for the new password too", { ...toReplace, phone: "trusted" }, ["phone_code"], "enter", "new_password"],
  ["a reset is the new password", { ...toReplace, phone: "trusted" }, ["phone_code"], "reset_password", "session"],
  ["an old token does not go around it", toReplace, ["old_token"], "adopt_old_token", "nothing"],
  [
    "the second factor is asked for behind it",
    { ...toReplace, hasSecondFactor: true },
    ["password"],
    "sign_in",
    "new_password",
  ],
  [
    "and is not replaced by it",
    { ...toReplace, hasSecondFactor: true },
    ["password", "new_password"],
    "sign_in",
    "second_factor",
  ],
  [
    "where there is no password, none is to be replaced",
    { ...numberOnly, isPasswordChangeDue: true },
    ["phone_code"],
    "enter",
    "session",
  ],
  ["a passkey signs in", { hasPasskey: true }, ["passkey"], "sign_in", "session"],
  ["a passkey that the account has not signs nobody in", numberAndPassword, ["passkey"], "sign_in", "nothing"],
  ["a passkey opens an account with rights", { ...holder, hasPasskey: true }, ["passkey"], "sign_in", "session"],
  ["a passkey is a reauthentication", { hasPasskey: true }, ["passkey"], "reauthenticate", "session"],
  [
    "and all of one, where two factors are asked for",
    { ...twoFactors, hasPasskey: true },
    ["passkey"],
    "reauthenticate",
    "session",
  ],
  [
    "a code does not replace a passkey",
    { ...numberOnly, hasPasskey: true },
    ["phone_code"],
    "reauthenticate",
    "nothing",
  ],
  [
    "a passkey resets no password",
    { ...numberAndPassword, hasPasskey: true },
    ["passkey"],
    "reset_password",
    "nothing",
  ],
  ["a passkey adopts no old token", { hasPasskey: true }, ["passkey"], "adopt_old_token", "nothing"],
  ["a passkey alone proves no number", { ...stale, hasPasskey: true }, ["passkey"], "enter", "nothing"],
  [
    "with a passkey the owner of a recycled number comes in",
    { ...stale, hasPasskey: true },
    ["phone_code", "passkey"],
    "enter",
    "session",
  ],
  [
    "a parked account is reached by a passkey, which needs no name",
    { ...parked, hasPasskey: true },
    ["passkey"],
    "sign_in",
    "session",
  ],
  ["but not by one of nobody's", parked, ["passkey"], "sign_in", "nothing"],
  ["nothing opens nothing", numberAndPassword, [], "sign_in", "nothing"],
  ["a known device alone opens nothing", numberAndPassword, ["known_device"], "sign_in", "nothing"],
  ["a second factor alone opens nothing", twoFactors, ["second_factor"], "sign_in", "nothing"],

  ["a code of a trusted number signs in", numberOnly, ["phone_code"], "sign_in", "session"],
  ["the same beside a password", numberAndPassword, ["phone_code"], "sign_in", "session"],
  ["where codes are off it does not", numberOnly, ["phone_code"], "sign_in", "nothing", { signInByCode: "off" }],
  [
    "where only addresses may, it does not",
    numberOnly,
    ["phone_code"],
    "enter",
    "another_way",
    { signInByCode: "email" },
  ],
  ["a code of an address does not, by default", { email: "trusted" }, ["email_code"], "sign_in", "nothing"],
  ["it does where that is set", { email: "trusted" }, ["email_code"], "sign_in", "session", { signInByCode: "both" }],
  ["a code of a number that is no longer theirs opens nothing", withPassword, ["phone_code"], "enter", "nothing"],

  ["a recycled number does not sign in", stale, ["phone_code"], "sign_in", "nothing"],
  ["a recycled number asks for another way", stale, ["phone_code"], "enter", "another_way"],
  ["a recycled number resets no password", stale, ["phone_code"], "reset_password", "nothing"],
  ["with the password its owner comes in", stale, ["phone_code", "password"], "enter", "session"],
  ["with a known device its owner comes in", stale, ["phone_code", "known_device"], "enter", "session"],
  ["with a known device its owner resets", stale, ["phone_code", "known_device"], "reset_password", "session"],
  ["a number-only account beyond its time asks too", staleNumberOnly, ["phone_code"], "enter", "another_way"],
  ["and opens with a recovery code", staleNumberOnly, ["phone_code", "recovery_code"], "enter", "session"],
  [
    "a proved address besides is another way",
    { ...stale, email: "trusted" },
    ["phone_code", "email_code"],
    "enter",
    "session",
  ],

  ["an import's claim opens nothing by code", claimed, ["phone_code"], "sign_in", "nothing"],
  ["an import's claim resets nothing by code", claimed, ["phone_code"], "reset_password", "nothing"],
  ["nor with a known device", claimed, ["phone_code", "known_device"], "enter", "another_way"],
  ["its password and the code prove it", claimed, ["phone_code", "password"], "enter", "session"],

  ["a vouched number opens an account that has nothing else", vouched, ["phone_code"], "sign_in", "session"],
  ["and sets its first password", vouched, ["phone_code"], "reset_password", "session"],
  ["but not beside a password", vouchedBesidePassword, ["phone_code"], "sign_in", "nothing"],
  [
    "nor resets that password: an administrator borrowed it",
    vouchedBesidePassword,
    ["phone_code"],
    "reset_password",
    "nothing",
  ],
  ["nor beside a proved address", { ...vouched, email: "trusted" }, ["phone_code"], "sign_in", "nothing"],
  ["nor for a session's own affairs", vouched, ["phone_code"], "reauthenticate", "nothing"],

  ["a SIM swap opens no account with rights", holder, ["phone_code"], "sign_in", "nothing"],
  ["nor resets its password", holder, ["phone_code"], "reset_password", "nothing"],
  ["nor with a stolen device", holder, ["phone_code", "known_device"], "reset_password", "nothing"],
  ["nor reauthenticates", { ...numberOnly, isHolderOfRights: true }, ["phone_code"], "reauthenticate", "nothing"],
  ["unless that is meant", holder, ["phone_code"], "sign_in", "session", { holdersByCode: true }],
  ["its password opens it", holder, ["password"], "sign_in", "session"],
  ["the code and its password prove the number", holder, ["phone_code", "password"], "enter", "session"],

  ["a recovery code opens recovery only", { hasRecoveryCodes: true }, ["recovery_code"], "sign_in", "ticket"],
  ["a recovery code of nobody's opens nothing", withPassword, ["recovery_code"], "sign_in", "nothing"],
  ["it is no reauthentication", { hasRecoveryCodes: true }, ["recovery_code"], "reauthenticate", "nothing"],
  ["an administrator's code sets a password", withPassword, ["administrator_code"], "reset_password", "ticket"],
  ["an administrator's code signs nobody in", withPassword, ["administrator_code"], "sign_in", "nothing"],

  ["a password is asked for again where there is one", numberAndPassword, ["password"], "reauthenticate", "session"],
  ["a code does not replace it", numberAndPassword, ["phone_code"], "reauthenticate", "nothing"],
  ["a code is taken where there is nothing else", numberOnly, ["phone_code"], "reauthenticate", "session"],
  ["but not of a recycled number", { phone: "stale" }, ["phone_code"], "reauthenticate", "nothing"],

  ["a parked account is not reached by its password", parked, ["password"], "sign_in", "nothing"],
  ["its session goes on by it", parked, ["password"], "reauthenticate", "session"],
  ["a recovery code opens it", parked, ["recovery_code"], "sign_in", "ticket"],
  [
    "and, with the password that it has just set, signs in",
    parked,
    ["recovery_code", "password"],
    "sign_in",
    "session",
  ],
  ["which wants the second factor", parkedTwice, ["recovery_code", "password"], "sign_in", "second_factor"],
  ["a code of nobody's does not, password or not", parkedBare, ["recovery_code", "password"], "sign_in", "nothing"],
  ["nor does it prove a number", parked, ["recovery_code", "password"], "enter", "ticket"],
  ["an administrator's code opens it", parked, ["administrator_code"], "reset_password", "ticket"],

  ["a password wants the second factor", twoFactors, ["password"], "sign_in", "second_factor"],
  ["a code wants it too", twoFactors, ["phone_code"], "sign_in", "second_factor"],
  ["with it they sign in", twoFactors, ["password", "second_factor"], "sign_in", "session"],
  ["a passkey is two factors", { ...twoFactors, hasPasskey: true }, ["passkey"], "sign_in", "session"],

  ["an old token is adopted", claimed, ["old_token"], "adopt_old_token", "session"],
  ["not for whoever holds rights", holder, ["old_token"], "adopt_old_token", "nothing"],
  ["unless that is meant", holder, ["old_token"], "adopt_old_token", "session", { holdersByOldToken: true }],
  ["an old token signs nobody in otherwise", claimed, ["old_token"], "sign_in", "nothing"],
  ["nor is a password one", withPassword, ["password"], "adopt_old_token", "nothing"],
];

describe("the gate", () => {
  for (const [title, account, evidence, purpose, opens, rules] of rows)
    test(title, () => {
      const asked = { evidence: new Set(evidence), purpose, rules: { ...usual, ...rules } };
      expect(mayOpen({ ...asked, account: { ...bare, ...account } }).opens).toBe(opens);
      expect(mayOpen({ ...asked, account: { ...bare, ...account, isActive: false } }).opens).toBe("nothing");
    });
});

const allEvidence: readonly Evidence[] = [
  "password",
  "passkey",
  "phone_code",
  "email_code",
  "known_device",
  "recovery_code",
  "second_factor",
  "new_password",
  "administrator_code",
  "old_token",
];
const purposes: readonly Purpose[] = ["sign_in", "enter", "reset_password", "reauthenticate", "adopt_old_token"];
const trusts: readonly NameTrust[] = ["none", "claimed", "vouched", "waiting", "trusted", "stale"];

/** Every set of up to so many of them. */
function* setsOfEvidence(most: number): Generator<ReadonlySet<Evidence>> {
  for (let bits = 0; bits < 2 ** allEvidence.length; bits++) {
    const chosen = allEvidence.filter((_, place) => (bits >> place) & 1);
    if (chosen.length <= most) yield new Set(chosen);
  }
}

function* accounts(): Generator<AccountState> {
  for (let bits = 0; bits < 64; bits++) {
    const is = (place: number) => ((bits >> place) & 1) === 1;
    const flags = {
      isActive: true,
      isParked: is(0),
      isHolderOfRights: is(1),
      hasPassword: is(2),
      hasPasskey: is(3),
      hasRecoveryCodes: is(4),
      hasSecondFactor: is(5),
    };
    for (const phone of trusts) for (const email of trusts) yield { ...flags, phone, email };
  }
}

/** The rules of settings, and how much evidence is shown at once under them. */
const allRules: readonly (readonly [rules: WayInRules, most: number])[] = [
  [usual, 3],
  [{ ...usual, signInByCode: "both" }, 3],
  [{ signInByCode: "off", holdersByCode: true, holdersByOldToken: true }, 2],
];

const rank = { nothing: 0, another_way: 1, ticket: 2, new_password: 2, second_factor: 2, session: 3 } as const;

const everything = [...accounts()];

for (const { tags, cases } of shareOut(everything, 5))
  test("in every state of an account, with all evidence and for every purpose, what must never be is not", {
    tags,
  }, () => {
    const broken = new Set<string>();
    let asked = 0;
    for (const [rules, most] of allRules)
      for (const evidence of setsOfEvidence(most))
        for (const account of cases)
          for (const purpose of purposes) {
            asked++;
            const question = { account, evidence, purpose, rules };
            for (const rule of findBroken(question))
              broken.add(`${rule}: ${JSON.stringify([account, purpose, [...evidence]])}`);
            if (broken.size > 5) break;
          }
    expect([...broken].slice(0, 5)).toEqual([]);
    expect(asked).toBeGreaterThan((3_000_000 * cases.length) / everything.length);
  });

test("a password that is to be replaced opens what it would have opened, less the session, until there is another", () => {
  const broken = new Set<string>();
  for (const evidence of setsOfEvidence(2)) {
    const withAnother = new Set([...evidence, "new_password" as const]);
    for (const account of accounts()) {
      const isDue: AccountState = { ...account, isPasswordChangeDue: true };
      for (const purpose of purposes) {
        const ask = (state: AccountState, shown: ReadonlySet<Evidence> = evidence) =>
          mayOpen({ account: state, evidence: shown, purpose, rules: usual }).opens;
        const [before, due] = [ask(account), ask(isDue)];
        const isGoneAround = evidence.has("passkey") && account.hasPasskey;
        const waits = account.hasPassword && purpose !== "reauthenticate" && purpose !== "reset_password";
        const isAsked = waits && !isGoneAround && !evidence.has("new_password");
        const isIn = before === "session" || before === "second_factor";
        const expected = !isAsked || !isIn ? before : purpose === "adopt_old_token" ? "nothing" : "new_password";
        const isRight = purpose === "adopt_old_token" && account.hasPassword ? due === "nothing" : due === expected;
        if (!isRight) broken.add(JSON.stringify([account, purpose, [...evidence], before, due]));
        if (isAsked && isIn && purpose !== "adopt_old_token" && ask(isDue, withAnother) !== before)
          broken.add(JSON.stringify([account, purpose, [...evidence], "with another"]));
        if (broken.size > 5) break;
      }
    }
  }
  expect([...broken].slice(0, 5)).toEqual([]);
});

type Question = Parameters<typeof mayOpen>[0];

/** A question, its answer, and what the rules below ask of them. It is asked millions of times, so that no list is made for it. */
interface Case extends Question {
  readonly opens: Verdict["opens"];
  readonly isByCodeAlone: boolean;
  readonly isIn: boolean;
  readonly isAdoption: boolean;
  readonly hasSecret: boolean;
  readonly byRecovery: boolean;
  /** Of the names whose code was shown; `none` without one. */
  readonly phone: NameTrust;
  readonly email: NameTrust;
}

function toCase(question: Question): Case {
  const { account, evidence, purpose } = question;
  const { opens, isByCodeAlone } = mayOpen(question);
  return {
    account,
    evidence,
    purpose,
    rules: question.rules,
    opens,
    isByCodeAlone,
    isIn: opens === "session" || opens === "second_factor",
    isAdoption: purpose === "adopt_old_token",
    hasSecret: (account.hasPassword && evidence.has("password")) || (account.hasPasskey && evidence.has("passkey")),
    byRecovery: account.hasRecoveryCodes && evidence.has("recovery_code"),
    phone: evidence.has("phone_code") ? account.phone : "none",
    email: evidence.has("email_code") ? account.email : "none",
  };
}

const hasNoCode = ({ phone, email }: Case) => phone === "none" && email === "none";

/** No code, one of a claim, or one of a name that was added and can still be stopped. */
const isWorthNothing = (trust: NameTrust) => trust === "none" || trust === "claimed" || trust === "waiting";
const isWorthNothingAlone = (trust: NameTrust) => trust === "stale" || isWorthNothing(trust);

const withoutPasskey = new WeakMap<ReadonlySet<Evidence>, ReadonlySet<Evidence>>();

function leaveOutPasskey(evidence: ReadonlySet<Evidence>): ReadonlySet<Evidence> {
  const known = withoutPasskey.get(evidence) ?? new Set([...evidence].filter((shown) => shown !== "passkey"));
  withoutPasskey.set(evidence, known);
  return known;
}

const forbidden: readonly (readonly [rule: string, isBroken: (asked: Case) => boolean])[] = [
  ["opened by nothing", (it) => it.isIn && !it.isAdoption && !it.hasSecret && hasNoCode(it)],
  [
    "a claim opened",
    ({ isIn, isAdoption, hasSecret, byRecovery, phone, email }) =>
      isIn && !isAdoption && !hasSecret && !byRecovery && isWorthNothing(phone) && isWorthNothing(email),
  ],
  [
    "a stale name opened alone",
    ({ isIn, isAdoption, hasSecret, byRecovery, evidence, phone, email }) =>
      isIn &&
      !isAdoption &&
      !hasSecret &&
      !byRecovery &&
      !evidence.has("known_device") &&
      isWorthNothingAlone(phone) &&
      isWorthNothingAlone(email),
  ],
  [
    "rights opened by code",
    ({ isIn, isAdoption, account, rules, hasSecret }) =>
      isIn && !isAdoption && account.isHolderOfRights && !rules.holdersByCode && !hasSecret,
  ],
  [
    "rights opened by an old token",
    ({ isIn, isAdoption, account, rules }) =>
      isIn && isAdoption && account.isHolderOfRights && !rules.holdersByOldToken,
  ],
  [
    "a parked account signed in without a passkey, or a recovery code and a secret",
    ({ account, isIn, isAdoption, purpose, evidence, hasSecret }) =>
      account.isParked &&
      isIn &&
      !isAdoption &&
      purpose !== "reauthenticate" &&
      !(purpose === "sign_in" && account.hasPasskey && evidence.has("passkey")) &&
      !(hasSecret && account.hasRecoveryCodes && evidence.has("recovery_code")),
  ],
  [
    "a passkey that the account has not changed anything",
    ({ account, evidence, purpose, rules, opens }) =>
      !account.hasPasskey &&
      evidence.has("passkey") &&
      mayOpen({ account, evidence: leaveOutPasskey(evidence), purpose, rules }).opens !== opens,
  ],
  [
    "a code replaced a password",
    ({ purpose, isIn, hasSecret, account }) =>
      purpose === "reauthenticate" && isIn && !hasSecret && account.hasPassword,
  ],
  [
    "the second factor was left out",
    ({ opens, isAdoption, account, purpose, evidence }) =>
      opens === "session" &&
      !isAdoption &&
      account.hasSecondFactor &&
      purpose !== "reauthenticate" &&
      !evidence.has("second_factor") &&
      !(account.hasPasskey && evidence.has("passkey")),
  ],
  [
    "a code alone is not said to be",
    ({ isIn, isAdoption, hasSecret, byRecovery, isByCodeAlone }) =>
      isIn && !isAdoption && !hasSecret && !byRecovery && !isByCodeAlone,
  ],
  ["a password is said to be a code", ({ isByCodeAlone, hasSecret }) => isByCodeAlone && hasSecret],
  [
    "enter told of an account without its code",
    (it) => it.purpose === "enter" && it.opens !== "nothing" && hasNoCode(it) && !it.account.isParked,
  ],
  ["reset by a password alone", (it) => it.purpose === "reset_password" && it.isIn && hasNoCode(it)],
];

const noRules: readonly string[] = [];

function findBroken(question: Question): readonly string[] {
  const asked = toCase(question);
  if (!forbidden.some(([, isBroken]) => isBroken(asked))) return noRules;
  return forbidden.filter(([, isBroken]) => isBroken(asked)).map(([rule]) => rule);
}

test("showing more never opens less", () => {
  const worse: string[] = [];
  const everything = [...accounts()];
  for (const first of allEvidence) {
    const alone = new Set([first]);
    const beside = allEvidence.map((second) => new Set([first, second]));
    for (const account of everything)
      for (const purpose of purposes) {
        const ask = (evidence: ReadonlySet<Evidence>) =>
          rank[mayOpen({ account, evidence, purpose, rules: usual }).opens];
        const least = ask(alone);
        for (const both of beside) if (ask(both) < least) worse.push(JSON.stringify([account, purpose, [...both]]));
      }
  }
  expect(worse.slice(0, 5)).toEqual([]);
});

describe("a name is", () => {
  const now = new Date("2026-06-01T00:00:00Z");
  const days = (count: number) => new Date(now.getTime() - count * 86_400_000);
  const times = { proof: 40 * 86_400, vouching: 7 * 86_400 };
  test.each<[title: string, proof: Partial<Parameters<typeof judgeName>[0]>, trust: NameTrust]>([
    ["none when the account has none, whatever was proved", { isPresent: false, provedAt: now }, "none"],
    ["claimed without proof or vouching", {}, "claimed"],
    ["trusted from its proof", { provedAt: now }, "trusted"],
    ["trusted until the day", { provedAt: days(39.99) }, "trusted"],
    ["stale from that day on", { provedAt: days(40) }, "stale"],
    ["trusted by a later use, where that counts", { provedAt: days(100), lastUsedAt: days(1) }, "trusted"],
    ["not shortened by an earlier use", { provedAt: days(1), lastUsedAt: days(100) }, "trusted"],
    ["not proved by use", { lastUsedAt: days(1) }, "claimed"],
    ["vouched for seven days", { vouchedAt: days(6.99) }, "vouched"],
    ["claimed after them", { vouchedAt: days(7) }, "claimed"],
    ["not vouched for again once it is stale", { provedAt: days(50), vouchedAt: days(1) }, "stale"],
    ["trusted when a clock went back", { provedAt: days(-1) }, "trusted"],
  ])("%s", (_, proof, trust) => {
    expect(judgeName({ isPresent: true, provedAt: null, vouchedAt: null, ...proof }, times, now)).toBe(trust);
  });
});
