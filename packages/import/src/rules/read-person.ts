import { hash } from "node:crypto";
import {
  comparedForms,
  createUuid,
  isPlainLine,
  isStorable,
  type PhoneOptions,
  parseGroupName,
  type profileFields,
} from "@latchkey/auth/import";
import { z } from "zod";
import type { Issue, IssueCode } from "../issue.ts";
import { type Columns, longestTold, type NotedColumns } from "../known-columns.ts";
import type { OldRow } from "../old-row.ts";
import { nameThere, toPermission } from "./permission-names.ts";
import { readNames } from "./read-names.ts";
import { type ReadPassword, readPassword } from "./read-password.ts";
import { readFlag, readTime } from "./read-values.ts";

export interface PersonRules {
  readonly phones: PhoneOptions;
  /** IANA name of the zone in which times without one are. */
  readonly timezone: string;
  readonly columns: Columns & NotedColumns;
  /** Schemas of a team's own fields, by name. */
  readonly ownFields: ReadonlyMap<string, object>;
  /** Makes prints of what stands in a field there: {@link createPrinter}. */
  readonly print: (field: string, text: string) => string;
}

/** A person as they will be stored, what was told of them, and prints of what stands there, by field. */
export interface ReadPerson {
  readonly oldId: string;
  readonly id: string;
  readonly oldUsername: string | null;
  readonly oldPhone: string | null;
  username: string | null;
  usernameKey: string | null;
  phoneNumber: string | null;
  email: string | null;
  emailKey: string | null;
  readonly password: string;
  readonly isWeak: boolean;
  readonly firstName: string;
  readonly lastName: string;
  readonly gender: string | null;
  readonly country: string | null;
  readonly city: string | null;
  readonly state: string | null;
  readonly isApprovedToBeInTouch: boolean;
  readonly isActive: boolean;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  readonly dateJoined: string | null;
  readonly lastLogin: string | null;
  readonly profile: Readonly<Record<string, unknown>>;
  readonly groups: readonly string[];
  readonly permissions: readonly string[];
  readonly prints: Readonly<Record<string, string>>;
  readonly usernameForms: readonly string[];
  readonly phoneForms: readonly string[];
  readonly issues: readonly Issue[];
}

/** By field: a map, because to fill an object with names that are not known beforehand takes several times as long. */
type Texts = ReadonlyMap<string, string | null>;

/** Reads one person by the rules. Whatever is wrong with a field costs that field alone, and is among the issues. */
export function readPerson(row: OldRow, rules: PersonRules): ReadPerson {
  const texts = toFields(row, rules);
  const issues: Issue[] = [];
  const text = (field: string) => texts.get(field) ?? null;
  const names = readNames(
    { oldId: row.oldId, username: text("username"), phoneNumber: text("phoneNumber"), email: text("email") },
    rules.phones,
  );
  const password = readPassword(text("password"));
  const tell = (code: IssueCode, field: string, value: string | null, other: string) => {
    issues.push({ code, field, value, other, proposal: "drop" });
  };
  const flag = (field: string, missing: boolean, unreadable: boolean): boolean => {
    // Nothing in a column that there is says neither: Django lets in nobody whose `is_active` is null.
    const ofBlank = missing !== unreadable && texts.has(field) ? undefined : missing;
    const found = readFlag(text(field));
    const read = found === null ? ofBlank : found;
    if (read === undefined)
      tell("flag_unreadable", field, text(field), `is neither yes nor no: taken as ${unreadable}`);
    return read ?? unreadable;
  };
  const time = (field: string): string | null => {
    const read = readTime(text(field), rules.timezone);
    if (read === undefined) tell("time_unreadable", field, text(field), "is not written like 2026-03-01 12:00:00");
    return read ?? null;
  };
  const line = (field: keyof typeof profileFields) => readLine(field, text(field), tell);
  const [listed, grants] = [splitList(text("groups")), splitList(text("permissions"))];
  const groups = readGroups({ names: [...row.groups, ...listed.names], others: listed.others }, tell);
  if (row.ambiguousGroups?.length)
    tell(
      "group_unreadable",
      "groups",
      inOneLine(row.ambiguousGroups),
      "would be called here as another group there is",
    );
  const oldUsername = keepable(text("username"));
  const oldPhone = keepable(text("phoneNumber"));
  return {
    oldId: row.oldId,
    id: createUuid(),
    oldUsername,
    oldPhone,
    ...names,
    password: password.encoded,
    isWeak: password.isWeak,
    firstName: line("firstName") ?? "",
    lastName: line("lastName") ?? "",
    gender: readGender(text("gender"), tell),
    country: line("country"),
    city: line("city"),
    state: line("state"),
    isApprovedToBeInTouch: flag("isApprovedToBeInTouch", false, false),
    // Nobody is enabled or promoted by what cannot be read.
    isActive: flag("isActive", true, false),
    isStaff: flag("isStaff", false, false),
    isSuperuser: flag("isSuperuser", false, false),
    dateJoined: time("dateJoined"),
    lastLogin: time("lastLogin"),
    profile: readOwnFields(texts, rules.ownFields, tell),
    groups,
    permissions: readPermissions([...row.permissions.map(toPermission), ...grants.names, ...grants.others]),
    prints: toPrints(row, { texts, password }, rules.print),
    usernameForms: oldUsername === null ? [] : comparedForms(oldUsername),
    phoneForms: oldPhone === null ? [] : comparedForms(oldPhone),
    issues: [...names.issues, ...(password.issue ? [password.issue] : []), ...issues],
  };
}

/** Of two columns of one field the one that is filled counts; where both are, with different values, somebody has to say which. */
function toFields({ oldId, values }: OldRow, { columns }: PersonRules): Texts {
  const fields = new Map<string, string | null>([["id", oldId]]);
  for (const column of Object.keys(values)) {
    const value = values[column] ?? null;
    const field = columns.fieldOf(column);
    const isFilled = value !== null && value !== "";
    if (field === null) {
      if (isFilled) columns.note(column);
      continue;
    }
    const before = fields.get(field) ?? "";
    if (before === "") fields.set(field, value);
    else if (isFilled && value !== before) columns.noteSecond(column);
  }
  return fields;
}

/** Bytes of a text that an index takes, whatever else is in its key. */
const longestKey = 2_000;

/** Whether a text can be stored as it is, and found by an index. */
export const isKeepable = (text: string): boolean =>
  text.isWellFormed() && !text.includes("\0") && Buffer.byteLength(text) <= longestKey;

/** What old tokens are compared with: the text itself, if it can be stored. */
const keepable = (text: string | null) => (text !== null && text !== "" && isKeepable(text) ? text : null);

interface List {
  readonly names: readonly string[];
  /** What is no text, and so no name: an id, or all that there is of a group. */
  readonly others: readonly string[];
}

/** Reads a list with `;` between, or one in JSON, as {@link toText} writes it where an item is no text, or has a `;` of its own. */
function splitList(text: string | null): List {
  const [names, others]: [string[], string[]] = [[], []];
  for (const item of parseJsonList(text) ?? (text ?? "").split(";")) {
    if (typeof item !== "string") others.push(JSON.stringify(item));
    else if (item.trim() !== "") names.push(item.trim());
  }
  return { names, others };
}

function parseJsonList(text: string | null): unknown[] | null {
  if (!text?.startsWith("[")) return null;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter((item) => item !== null) : null;
  } catch {
    return null;
  }
}

type Tell = (code: IssueCode, field: string, value: string | null, other: string) => void;

const inOneLine = (names: readonly string[]) => names.join(";").slice(0, 200);

function readGroups({ names, others }: List, tell: Tell): string[] {
  const groups = new Set<string>();
  const unreadable = [...others];
  for (const name of names) {
    const read = parseGroupName(name);
    if (read === null) unreadable.push(name);
    else groups.add(read);
  }
  if (unreadable.length > 0)
    tell("group_unreadable", "groups", inOneLine(unreadable), "is no name that a group can have");
  return [...groups];
}

/** What is longer than any permission can be is none that is declared here, and is told by its beginning. */
const readPermissions = (names: readonly string[]): string[] => [
  ...new Set(names.map((name) => name.slice(0, longestTold))),
];

const longest = { firstName: 150, lastName: 150, country: 120, city: 120, state: 120 } as const;

function readLine(field: keyof typeof profileFields, text: string | null, tell: Tell): string | null {
  if (text === null || text === "") return null;
  const most = Object.hasOwn(longest, field) ? longest[field as keyof typeof longest] : 0;
  if (!isPlainLine(text)) tell("profile_invalid", field, null, "holds characters that cannot be stored or shown");
  else if ([...text].length > most) tell("profile_too_long", field, text.slice(0, 200), `is longer than ${most}`);
  else return text;
  return null;
}

function readGender(text: string | null, tell: Tell): string | null {
  if (text === null || text.trim() === "") return null;
  const word = text.trim().toLowerCase();
  const found = ["Male", "Female"].find((choice) => choice.toLowerCase() === word);
  if (!found) tell("profile_invalid", "gender", text.slice(0, 200), "is neither Male nor Female");
  return found ?? null;
}

const isZod = (schema: object): schema is z.core.$ZodType => "_zod" in schema;

/** Bytes of own fields that an account holds, as JSON with a space after each comma and colon. */
const mostOwnFields = 16_384;

const sizeOf = (profile: Record<string, unknown>) => Buffer.byteLength(JSON.stringify(profile, null, 1));

function readOwnFields(texts: Texts, ownFields: PersonRules["ownFields"], tell: Tell): Record<string, unknown> {
  const profile: Record<string, unknown> = {};
  for (const [name, schema] of ownFields) {
    const text = texts.get(name);
    if (text === undefined || !isZod(schema)) continue;
    const read = candidatesFor(text)
      .map((value) => z.core.safeParse(schema, value))
      .find(({ success, data }) => success && isStorable(data));
    if (!read?.success) {
      if (text !== null) tell("profile_invalid", name, text.slice(0, 200), "is not what the profile's field takes");
    } else if (sizeOf({ ...profile, [name]: read.data }) > mostOwnFields)
      tell(
        "profile_too_long",
        name,
        (text ?? "").slice(0, 200),
        "is more than the profile holds beside the other fields",
      );
    else profile[name] = read.data;
  }
  return profile;
}

/** What a text may stand for: itself, or a number, a yes or no, a list. */
function candidatesFor(text: string | null): unknown[] {
  if (text === null) return [null];
  const flag = /^[tf]$/i.test(text) ? [text.toLowerCase() === "t"] : [];
  try {
    return [text, JSON.parse(text), ...flag];
  } catch {
    return [text, ...flag];
  }
}

interface Printed {
  readonly texts: Texts;
  readonly password: ReadPassword;
}

/** Prints of what stands there, by field: enough to see that it is another text the next time. */
function toPrints(row: OldRow, { texts, password }: Printed, print: PersonRules["print"]): Record<string, string> {
  const prints: Record<string, string> = {};
  for (const [field, value] of texts) {
    if (value !== null && value !== "" && field !== "id") prints[field] = print(field, value);
  }
  if (password.kind !== null) prints.passwordKind = password.kind;
  if (row.groups.length > 0) prints.groups = print("groups", [...row.groups].sort().join("\0"));
  const permissions = row.permissions.map(nameThere).sort();
  if (permissions.length > 0) prints.permissions = print("permissions", permissions.join("\0"));
  return prints;
}

/** What is longer is hardly anybody else's too: names, hashes of passwords, times. Flags, countries and cities are shared by many. */
const longestShared = 8;

/** Prints of a field that are kept to be used again. */
const mostPrints = 200;

/** Bytes of a text that is put behind the key without making room for it anew. */
const usualBytes = 1_024;

/** Makes short keyed hashes of texts. */
export function createPrinter(key: Buffer): PersonRules["print"] {
  const made = new Map<string, Map<string, string>>();
  const room = Buffer.concat([key], key.length + usualBytes);
  const behindKey = (text: string) =>
    text.length * 3 > usualBytes
      ? Buffer.concat([key, Buffer.from(text)])
      : room.subarray(0, key.length + room.write(text, key.length));
  const make = (field: string, text: string) => hash("sha256", behindKey(`${field}=${text}`), "base64url").slice(0, 12);
  return (field, text) => {
    if (text.length > longestShared) return make(field, text);
    const known = made.get(field) ?? new Map<string, string>();
    made.set(field, known);
    const print = known.get(text) ?? make(field, text);
    if (known.size < mostPrints) known.set(text, print);
    return print;
  };
}
