import { createHash } from "node:crypto";
import type { z } from "zod";
import { AuthError, type InputIssue } from "../errors.ts";
import { isPlainLine, isPlainProse } from "../free-text.ts";
import { type FieldSchema, fieldError, isMachinery, type OwnField, readOwnField } from "./own-field.ts";
import { profileFields, type User, userFields } from "./user.ts";

/** The profile's fields that a team declares, by name. */
export type ProfileFields = Readonly<Record<string, z.core.$ZodType>>;

/** What fields hold, as it is shown. */
export type OutputOf<Fields extends ProfileFields> = {
  readonly [Name in keyof Fields]: Fields[Name]["_zod"]["output"];
};

/** What fields are given. */
export type InputOf<Fields extends ProfileFields> = { readonly [Name in keyof Fields]: Fields[Name]["_zod"]["input"] };

/** None. */
export type NoFields = Readonly<Record<never, never>>;

/** The profile of an installation: the fields that everybody has, and those that its team declares. */
export interface ProfileDefinition {
  /** What may be in each field; every field may be left out. For the input of a registration, and for changes. */
  readonly fields: Readonly<Record<string, FieldSchema>>;
  /** What users can be listed by. */
  readonly filters: Readonly<Record<string, FieldSchema>>;
  readonly ownFields: readonly OwnField[];
  /** The columns that a user is made of. */
  readonly columns: readonly UserColumn[];
}

export type UserColumn = (typeof userFields)[number] | "profile";

/** A user as the database has them: own fields are in one column, which is there when any is declared. */
export type UserRow = User & { readonly profile?: unknown };

/**
 * Puts the built-in fields and a team's own together.
 *
 * @throws StartError for a field that could not be stored as JSON, or whose name is taken
 */
export function defineProfile(declared: ProfileFields = {}): ProfileDefinition {
  const ownFields = Object.entries(declared).map(([name, schema]) => {
    requireFreeName(name);
    return readOwnField(name, schema);
  });
  const schemas = Object.fromEntries(ownFields.map(({ name, schema }) => [name, schema]));
  return {
    fields: { ...profileFields, ...schemas },
    filters: Object.fromEntries(
      ownFields.flatMap(({ name, schema, isIndexed }) => (isIndexed ? [[name, schema]] : [])),
    ),
    ownFields,
    columns: ownFields.length > 0 ? [...userFields, "profile"] : userFields,
  };
}

const nameGrammar = /^[a-z][A-Za-z0-9]{0,49}$/;

/** What stands beside a user's fields in inputs, answers, tables and JavaScript itself, now or soon. */
const takenNames: ReadonlySet<string> = new Set([
  ...userFields,
  ...["usernameKey", "emailKey", "password", "passwordHash", "credentialsChangedAt", "standing", "profile", "position"],
  ...["ticket", "code", "challenge", "deviceMark", "deviceToken", "deviceName", "captcha"],
  ...[
    "phoneProvedAt",
    "emailProvedAt",
    "phoneProofDue",
    "phoneVouchedAt",
    "emailVouchedAt",
    "parkedAt",
    "hasAlias",
    "aliases",
    "groups",
    "permissions",
    "effectivePermissions",
    "factors",
    "sessions",
  ],
  ...["then", "toJSON", "prototype"],
]);

function requireFreeName(name: string): void {
  if (!nameGrammar.test(name)) {
    throw fieldError([name], "is not named like nickname or favouriteColour: letters and digits, 50 at most");
  }
  if (takenNames.has(name) || name in Object.prototype) throw fieldError([name], "has a name that is taken");
}

/** A user with their own fields beside the built-in ones. */
export function toUser({ ownFields }: ProfileDefinition, row: UserRow): User {
  if (ownFields.length === 0 && !("profile" in row)) return row;
  const { profile, ...user } = row;
  const stored = typeof profile === "object" && profile !== null ? (profile as Readonly<Record<string, unknown>>) : {};
  const shown = ownFields.map(({ name, read }) => [name, read(Object.hasOwn(stored, name) ? stored[name] : undefined)]);
  return { ...user, ...Object.fromEntries(shown) };
}

/** Built-in fields as they are, and own ones as the text of a JSON object, absent when none is given. */
export interface ProfileColumns {
  readonly columns: Readonly<Record<string, unknown>>;
  readonly own: string | null;
}

/**
 * Parts a person's fields into columns and the JSON of the own ones.
 *
 * @throws AuthError `invalid_input` for text that PostgreSQL cannot keep, or that would be shown as something else
 */
export function toProfileColumns({ ownFields }: ProfileDefinition, values: object): ProfileColumns {
  const names = new Set(ownFields.map(({ name }) => name));
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  const own = entries.filter(([name]) => names.has(name));
  const misleading = entries.filter(
    ([name, value]) => Object.hasOwn(profileFields, name) && typeof value === "string" && !isPlainLine(value),
  );
  const issues = [
    ...misleading.map(([name]) => ({ path: [name], code: "invalid_characters" as const, message: unstorable })),
    ...own.flatMap(([name, value]) => findUnstorable(value, [name])),
  ];
  if (issues.length > 0) throw new AuthError("invalid_input", "The input is not valid", { issues });
  return {
    columns: Object.fromEntries(entries.filter(([name]) => !names.has(name))),
    own: own.length > 0 ? JSON.stringify(Object.fromEntries(own)) : null,
  };
}

/** What an index of an own field holds for whom nothing is stored: no value of an indexed field is an object. */
const nothingStored = "{}";

/** What own fields are compared by, as an index has it. A field's name is letters and digits: {@link defineProfile}. */
export function indexedExpression(name: string, table: string): string {
  return `coalesce(${table}profile -> '${name}', '${nothingStored}'::jsonb)`;
}

/**
 * The indexes by which users are listed by own fields: what each is on, by a name that tells fields apart whose names are alike in lower
 * case. One that is declared no more stays, since another version of the program may run.
 */
export function indexesOf({ ownFields }: ProfileDefinition): Record<string, string> {
  const names = ownFields.filter(({ isIndexed }) => isIndexed).map(({ name }) => name);
  return Object.fromEntries(
    names.map((name) => {
      const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
      const index = `users_profile_${name.toLowerCase().slice(0, 32)}_${digest}`;
      return [index, `users ((${indexedExpression(name, "")}), standing, id)`];
    }),
  );
}

/** The stored values, as JSON, that are shown as `value`. */
export function storedValuesOf({ ownFields }: ProfileDefinition, name: string, value: unknown): string[] {
  const json = JSON.stringify(value);
  const field = ownFields.find((field) => field.name === name);
  return field && JSON.stringify(field.missing) === json ? [json, nothingStored] : [json];
}

const unstorable = "holds characters that cannot be stored";

/** Whether a value of an own field can be stored, and shown as it is. */
export const isStorable = (value: unknown): boolean => findUnstorable(value, []).length === 0;

/** The first thing in a value that JSON or PostgreSQL does not keep as it is, or that would be shown as something else. */
function findUnstorable(value: unknown, path: readonly (string | number)[]): InputIssue[] {
  if (typeof value === "string") {
    return isPlainProse(value) ? [] : [{ path, code: "invalid_characters", message: unstorable }];
  }
  if (value === null || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return [];
  if (Array.isArray(value)) return first(value.map((item, index) => () => findUnstorable(item, [...path, index])));
  if (typeof value !== "object") return [{ path, code: "invalid_type", message: "is no JSON" }];
  const areStorable = Object.keys(value).every((key) => isPlainLine(key) && !isMachinery(key));
  if (!areStorable) return [{ path, code: "invalid_characters", message: unstorable }];
  return first(
    Object.entries(value).map(
      ([key, item]) =>
        () =>
          item === undefined ? [] : findUnstorable(item, [...path, key]),
    ),
  );
}

function first(looks: readonly (() => InputIssue[])[]): InputIssue[] {
  for (const look of looks) {
    const found = look();
    if (found.length > 0) return found.slice(0, 1);
  }
  return [];
}
