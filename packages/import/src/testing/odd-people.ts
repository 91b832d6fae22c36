import { createHash, pbkdf2Sync, scryptSync } from "node:crypto";
import type { IssueCode } from "../issue.ts";
import type { OldUser } from "./django-project.ts";

/** Somebody of an old backend whom the rules are about, and what should become of them when every proposal is accepted. */
export interface OddPerson {
  /** What they are an example of. */
  readonly kind: string;
  readonly old: OldUser & { readonly username: string };
  /** What they type as their password. */
  readonly password: string;
  /** What they typed there as their name, and sign in with here. */
  readonly signsInBy: readonly string[];
  /** What they typed there as their name, and sign in with no more: it is in the report. */
  readonly losesName: readonly string[];
  /** Every code under which they are in the report. */
  readonly told: readonly IssueCode[];
  /** Whether no name lets them in, as it did there. */
  readonly isShutOut: boolean;
}

/** How somebody is odd; what is not said is as of anybody. */
interface Oddity {
  readonly username?: string;
  readonly old?: Readonly<Record<string, string | number | boolean | null>>;
  readonly password?: string;
  readonly hash?: (password: string, salt: string) => string;
  readonly signsInBy?: readonly string[];
  readonly losesName?: readonly string[];
  readonly told?: readonly IssueCode[];
  readonly isShutOut?: boolean;
}

/** What one example is made of: texts of its own, so that it shares nothing with another one. */
interface Own {
  readonly n: number;
  /** Ten digits of a mobile number of Turkey without its trunk zero, one for each `k` below 4. */
  phone(k?: number): string;
}

const base64 = (bytes: Buffer) => bytes.toString("base64");

/** Django's usual hash, of one iteration: quick, and checked as every other. */
export const pbkdf2 = (password: string, salt: string) =>
  `pbkdf2_sha256$1$${salt}$${base64(pbkdf2Sync(password, salt, 1, 32, "sha256"))}`;
const pbkdf2Sha1 = (password: string, salt: string) =>
  `pbkdf2_sha1$1$${salt}$${base64(pbkdf2Sync(password, salt, 1, 20, "sha1"))}`;
const scrypt = (password: string, salt: string) =>
  `scrypt$1024$${salt}$8$1$${base64(scryptSync(password, salt, 64, { N: 1024, r: 8, p: 1 }))}`;
const digest = (algorithm: "sha1" | "md5") => (password: string, salt: string) =>
  `${algorithm}$${salt}$${createHash(algorithm)
    .update(salt + password)
    .digest("hex")}`;

const at = (n: number) => `2024-01-01 00:00:00.${String(100_000 + (n % 899_999)).padStart(6, "0")}+00`;

/** Ways of writing one's own number, from its ten digits. */
const spellings: readonly ((digits: string) => string)[] = [
  (d) => `+90${d}`,
  (d) => `0${d}`,
  (d) => `(0${d.slice(0, 3)}) ${d.slice(3, 6)}-${d.slice(6, 8)}-${d.slice(8)}`,
  (d) => `0${d.slice(0, 3)}.${d.slice(3, 6)}.${d.slice(6)}`,
  (d) => `0090 ${d.slice(0, 3)} ${d.slice(3)}`,
  (d) => `tel:+90-${d.slice(0, 3)}-${d.slice(3)}`,
  (d) => `0${d}`.replace(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit))),
  (d) => `+90${d}`.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  (d) => d,
  (d) => ` 0${d} `,
];

/** One entry a kind of oddity; each answers the people of one example of it. */
const kinds: Readonly<Record<string, (own: Own) => readonly Oddity[]>> = {
  usual: ({ n }) => [{ username: `user_${n}` }],
  "capital letters": ({ n }) => [{ username: `User.Name${n}`, signsInBy: [`User.Name${n}`, `USER.NAME${n}`] }],
  accents: ({ n }) => [{ username: `Álvaro.Núñez${n}` }],
  "accents, decomposed": ({ n }) => [{ username: `Ömer${n}`.normalize("NFD") }],
  "full-width letters": ({ n }) => [{ username: `Ａｙｌｉｎ${n}` }],
  "white space around the name": ({ n }) => [{ username: ` spaced${n} ` }],
  "another alphabet": ({ n }) => [{ username: `Анна${n}` }],
  "an address as a username": ({ n }) => [{ username: `ayse${n}@firma.example` }],
  "an address in capitals as a username": ({ n }) => [
    { username: `Ayse.Y${n}@Firma.Example`, old: { email: `ayse.y${n}@firma.example` } },
  ],
  "an address as a username, and another one": ({ n }) => [
    { username: `work${n}@firma.example`, old: { email: `home${n}@ev.example` }, told: ["email_two"] },
  ],
  "what is nearly an address": ({ n }) => [
    { username: `nearly${n}@`, told: ["username_grammar"] },
    { username: `two${n}@at@firma.example`, told: ["username_grammar"] },
  ],
  "one's own number as a username": ({ phone }) => [
    { username: `0${phone()}`, old: { phone_number: `0${phone()}` } },
    { username: `+90${phone(1)}`, old: { phone_number: `(0${phone(1).slice(0, 3)}) ${phone(1).slice(3)}` } },
    { username: `0${phone(2)}` },
    { username: `0${phone(3)}`, old: { phone_number: "" } },
  ],
  "one's own number as a username, beside a number that cannot be read": ({ n, phone }) => [
    { username: `0${phone()}`, old: { phone_number: `yok ${n}` }, losesName: [`yok ${n}`], told: ["phone_unreadable"] },
    {
      username: `0${phone(1)}`,
      old: { phone_number: `0800 ${200_0000 + n}` },
      losesName: [`0800 ${200_0000 + n}`],
      told: ["phone_not_personal"],
    },
  ],
  "an address as a username, beside one that cannot be read": ({ n }) => [
    { username: `beside${n}@firma.example`, old: { email: "-" }, told: ["email_unreadable"] },
  ],
  "another's number as a username": ({ n, phone }) => [
    {
      username: `0${phone(0)}`,
      old: { phone_number: `0${phone(1)}` },
      losesName: [`0${phone(0)}`],
      told: ["username_is_phone"],
    },
    { username: `owner${n}`, old: { phone_number: `0${phone(0).slice(0, 3)} ${phone(0).slice(3)}` } },
  ],
  "a number, and as a username the same of somebody": ({ n, phone }) => [
    {
      username: `0${phone(0)}`,
      losesName: [`0${phone(0)}`],
      told: ["phone_shared", "no_name"],
    },
    {
      username: `also${n}`,
      old: { phone_number: `+90${phone(0)}` },
      losesName: [`+90${phone(0)}`],
      told: ["phone_shared"],
    },
  ],
  "spellings of a number": ({ n, phone }) => {
    const spelling = spellings[n % spellings.length] ?? String;
    return [{ username: `caller${n}`, old: { phone_number: spelling(phone()) } }];
  },
  "no number": ({ n }) => [
    { username: `empty${n}`, old: { phone_number: "" } },
    { username: `blank${n}`, old: { phone_number: "  " } },
    { username: `none${n}`, old: { phone_number: null } },
  ],
  "a number that is none": ({ n }) => {
    const text =
      [`ask my mum ${n}`, `12${n % 10}`, `0532 11${n}x`, `+90 532 ${n}`, `- ${n}`, `0000 0000 ${n}`][n % 6] ?? "";
    return [{ username: `unread${n}`, old: { phone_number: text }, losesName: [text], told: ["phone_unreadable"] }];
  },
  "a number that is not one's own line": ({ n }) => {
    const text = `0800 ${String(200_0000 + n).slice(0, 3)} ${String(200_0000 + n).slice(3)}`;
    return [{ username: `tollfree${n}`, old: { phone_number: text }, losesName: [text], told: ["phone_not_personal"] }];
  },
  "usernames that differ in case": ({ n }) => [
    { username: `Deniz${n}`, old: { last_login: at(n) }, told: ["username_shared"] },
    { username: `deniz${n}`, losesName: [`deniz${n}`], told: ["username_shared"] },
    { username: `DENİZ${n}`, losesName: [`DENİZ${n}`], told: ["username_shared"] },
  ],
  "usernames that folding makes one": ({ n }) => [
    { username: `strasse${n}`, losesName: [`strasse${n}`], told: ["username_shared"] },
    { username: `straße${n}`, old: { last_login: at(n) }, told: ["username_shared"] },
    { username: `Işıl${n}`, old: { last_login: at(n) }, told: ["username_shared"] },
    { username: `isil${n}x`, told: [] },
    { username: `ışıl${n}`, losesName: [`ışıl${n}`], told: ["username_shared"] },
  ],
  "usernames that differ in width": ({ n }) => [
    { username: `ｗide${n}`, losesName: [`ｗide${n}`], told: ["username_shared"] },
    { username: `wide${n}`, old: { last_login: at(n) }, told: ["username_shared"] },
  ],
  "a number of two": ({ n, phone }) => [
    {
      username: `kemal${n}`,
      old: { phone_number: `+90 ${phone()}` },
      losesName: [`+90 ${phone()}`],
      told: ["phone_shared"],
    },
    { username: `baba${n}`, old: { phone_number: `0${phone()}` }, losesName: [`0${phone()}`], told: ["phone_shared"] },
  ],
  "an address of two": ({ n }) => [
    { username: `left${n}`, old: { email: `info${n}@firma.example` }, told: ["email_shared"] },
    { username: `right${n}`, old: { email: `INFO${n}@firma.example` }, told: ["email_shared"] },
  ],
  "student numbers": ({ n }) => [{ username: String(20_200_000 + n), told: ["username_grammar"] }],
  "names outside the grammar": ({ n }) => [
    { username: `1kaplan${n}`, told: ["username_grammar"] },
    { username: `ali veli${n}`, told: ["username_grammar"] },
    { username: `with+plus${n}`, told: ["username_grammar"] },
    { username: `.dotted${n}`, told: ["username_grammar"] },
    { username: `ali\u200bveli${n}`, told: ["username_grammar"] },
    { username: `smile${n}😀`, told: ["username_grammar"] },
    { username: `o'neill${n}`, told: ["username_grammar"] },
  ],
  "a name of two alphabets": ({ n }) => [
    { username: `аdmin${n}`, losesName: [`аdmin${n}`], told: ["username_grammar"] },
  ],
  "an address that is none": ({ n }) => [
    { username: `noaddress${n}`, old: { email: `not an address ${n}` }, told: ["email_unreadable"] },
  ],
  "fields that do not fit": ({ n }) => [
    {
      username: `misfit${n}`,
      old: { gender: "Other", city: "x".repeat(300), first_name: "Can" },
      told: ["profile_invalid", "profile_too_long"],
    },
    { username: `lined${n}`, old: { last_name: "two\nlines" }, told: ["profile_invalid"] },
    { username: `genderless${n}`, old: { gender: "" } },
    { username: `lower${n}`, old: { gender: "female" } },
    { username: `emoji${n}`, old: { first_name: "Ada 🌷", last_name: "O'Neill; drop" } },
  ],
  "dates to the microsecond": ({ n }) => [
    { username: `dated${n}`, old: { date_joined: at(n), last_login: at(n + 7) } },
    { username: `ancient${n}`, old: { date_joined: "1969-12-31 23:59:59.999999+00" } },
  ],
  "every hash": ({ n }) => [
    { username: `sha1_of_pbkdf2_${n}`, hash: pbkdf2Sha1 },
    { username: `scrypt_${n}`, hash: scrypt },
    { username: `sha1_${n}`, hash: digest("sha1"), told: ["password_legacy"] },
    { username: `md5_${n}`, hash: digest("md5"), told: ["password_legacy"] },
    {
      username: `bare_md5_${n}`,
      hash: (password) => createHash("md5").update(password).digest("hex"),
      told: ["password_legacy"],
    },
    {
      username: `bare_sha1_${n}`,
      hash: (password) => `sha1$$${createHash("sha1").update(password).digest("hex")}`,
      told: ["password_legacy"],
    },
  ],
  "a password of many characters": ({ n }) => [
    { username: `long_password${n}`, password: `${"şifre ".repeat(30)}${n}` },
    { username: `nfd_password${n}`, password: `Crème brûlée ${n}`.normalize("NFD") },
    { username: `spaces_password${n}`, password: `  between spaces ${n}  ` },
  ],
  "no password that fits": ({ n }) => [
    { username: `unusable${n}`, hash: () => `!${"x".repeat(40)}`, isShutOut: true },
    { username: `emptied${n}`, hash: () => "", isShutOut: true },
    { username: `garbage${n}`, hash: () => "in clear text", isShutOut: true, told: ["password_unreadable"] },
    {
      username: `crypt${n}`,
      hash: () => "crypt$$abJnggxhB/yWI",
      isShutOut: true,
      told: ["password_unreadable"],
    },
  ],
  disabled: ({ n }) => [{ username: `disabled${n}`, old: { is_active: false }, isShutOut: true }],
  ranks: ({ n }) => [
    { username: `staff${n}`, old: { is_staff: true } },
    { username: `root${n}`, old: { is_staff: true, is_superuser: true } },
  ],
  "a name that a member has here": ({ n }) => [
    { username: `Member${n}`, losesName: [`Member${n}`], told: ["username_taken_here"] },
  ],
  "a number that a member has here": ({ n, phone }) => [
    {
      username: `callee${n}`,
      old: { phone_number: `0${phone(3)}` },
      losesName: [`0${phone(3)}`],
      told: ["phone_taken_here"],
    },
  ],
};

const takenNumber = "a number that a member has here";

/** People who are here before the import: two a round, one with a name and one with a number that somebody there has too. */
export function membersOf(rounds: number) {
  return Array.from({ length: rounds }, (_, n) => [
    { username: `member${n}` },
    { username: `resident${n}`, phoneNumber: `+90${ownOf(takenNumber, n).phone(3)}` },
  ]).flat();
}

function ownOf(kind: string, n: number): Own {
  const place = n * 64 + Object.keys(kinds).indexOf(kind);
  return { n, phone: (k = 0) => String(5_320_000_000 + place * 4 + k) };
}

/** So many examples of every kind, one after another. They are the same at every call. */
export function makeOddPeople(rounds: number): OddPerson[] {
  const found: OddPerson[] = [];
  for (let n = 0; n < rounds; n += 1)
    for (const [kind, make] of Object.entries(kinds))
      for (const oddity of make(ownOf(kind, n))) found.push(toPerson(kind, oddity, found.length + 1));
  return found;
}

function toPerson(kind: string, oddity: Oddity, id: number): OddPerson {
  const username = oddity.username ?? `user_${id}`;
  const password = oddity.password ?? `what ${id} types`;
  const { losesName = [], told = [], isShutOut = false, hash = pbkdf2 } = oddity;
  const old = { id, username, password: hash(password, `salt${id}`), ...oddity.old };
  const phone = oddity.old?.phone_number;
  const typed = [username, ...(typeof phone === "string" && phone.trim() !== "" ? [phone] : [])];
  const signsInBy = isShutOut ? [] : (oddity.signsInBy ?? typed.filter((text) => !losesName.includes(text)));
  return { kind, old, password, signsInBy, losesName, told, isShutOut };
}
