import { type ColumnType, type Generated, type RawBuilder, sql } from "kysely";
import { AuthError } from "../errors.ts";
import { findBrokenConstraint, type Queries } from "../storage/database.ts";
import { type ProfileDefinition, toProfileColumns, toUser } from "./profile.ts";
import { type Profile, type ProfileChanges, type User, userFields } from "./user.ts";

declare module "../storage/database.ts" {
  interface Database {
    users: UsersTable;
  }
}

type ProfileColumns = {
  [Field in keyof Profile]: ColumnType<Profile[Field], Profile[Field] | undefined, Profile[Field]>;
};

interface UsersTable extends ProfileColumns {
  id: string;
  username: string | null;
  usernameKey: string | null;
  phoneNumber: string | null;
  email: string | null;
  emailKey: string | null;
  password: string;
  /** When an administrator vouched for the number or the address; null once it is another one. */
  phoneVouchedAt: ColumnType<Date | null, Date | undefined, Date>;
  /** When a code proved it on this account; null once it is another one. */
  phoneProvedAt: ColumnType<Date | null, Date | undefined, Date | null>;
  emailProvedAt: ColumnType<Date | null, Date | undefined, Date | null>;
  /** From when on its codes open the account; null for at once. */
  phoneOpensAt: ColumnType<Date | null, undefined, Date | null>;
  emailOpensAt: ColumnType<Date | null, undefined, Date | null>;
  /** When the password was last set by a code that was sent to a number or an address; null for any other way. */
  resetByCodeAt: ColumnType<Date | null, never, Date | null>;
  /** How often the account's devices were forgotten. */
  deviceEpoch: Generated<number>;
  /** The first epoch whose devices can still stop what waits, while the first time that they were forgotten since is recent. */
  deviceEpochKept: Generated<number>;
  deviceEpochRaisedAt: ColumnType<Date | null, never, Date>;
  /** Since when the account has no name any more. */
  parkedAt: ColumnType<Date | null, undefined, Date | null>;
  /** Until when an account lives that was made by a test number; null for every other. */
  testUntil: ColumnType<Date | null, Date | undefined, never>;
  emailVouchedAt: ColumnType<Date | null, Date | undefined, Date>;
  /** The fields that a team declares, by name. */
  profile: ColumnType<unknown, string | undefined, string>;
  isActive: Generated<boolean>;
  isStaff: Generated<boolean>;
  isSuperuser: Generated<boolean>;
  dateJoined: Generated<Date>;
  lastLogin: ColumnType<Date | null, Date | undefined, Date>;
  /** Read by the release before this one only. */
  credentialsChangedAt: Generated<Date>;
  /** When somebody set the password here, by an act of their own or an administrator's; an import and a re-hash write nothing. */
  passwordSetAt: ColumnType<Date | null, Date | undefined, Date>;
  /** Since when the password has to be replaced at the next sign-in; null for one that its owner chose. */
  passwordChangeDueAt: ColumnType<Date | null, Date | undefined, Date | null>;
  /** Since when a second factor is asked for at every sign-in because its owner has enrolled one; null for nobody's. */
  secondFactorAt: ColumnType<Date | null, undefined, Date | null>;
  /** Since when no token of another system is adopted for this user, because of what was done here. */
  oldTokensEndedAt: ColumnType<Date | null, Date | undefined, Date>;
}

/** A user with what only sign-in may see. */
export interface Account extends User {
  /** The encoded hash, in one of Django's formats. */
  readonly password: string;
  /** How often the account's devices were forgotten. */
  readonly deviceEpoch: number;
}

/** The three ways to name a user, each in its canonical form; see the identifiers room. */
export interface UserName {
  readonly kind: "username" | "phone" | "email";
  readonly value: string;
}

/** The column that holds each kind of name. */
export const columnOfKind = { username: "usernameKey", phone: "phoneNumber", email: "emailKey" } as const;

/** The one user whom a canonical identifier names, by one index. */
export async function findAccount(db: Queries, { kind, value }: UserName): Promise<Account | null> {
  const found = await db
    .selectFrom("users")
    .select([...userFields, "password", "deviceEpoch"])
    .where(columnOfKind[kind], "=", value)
    .executeTakeFirst();
  return found ?? null;
}

/**
 * The one user who has one of these names, the first of them that anybody has: forms in which one name may be stored.
 */
export async function findAccountByForms(
  db: Queries,
  kind: UserName["kind"],
  forms: readonly string[],
): Promise<Account | null> {
  const column = columnOfKind[kind];
  const found = await db
    .selectFrom("users")
    .select([...userFields, "password", "deviceEpoch", `${column} as storedForm`])
    .where(column, "=", sql<string>`any(${forms})`)
    .execute();
  const place = (form: string | null) => forms.indexOf(form ?? "");
  const [first] = found.sort((a, b) => place(a.storedForm) - place(b.storedForm));
  if (!first) return null;
  const { storedForm, ...account } = first;
  return account;
}

/** Which of some users there are. */
export async function listExistingIds(db: Queries, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const found = await db.selectFrom("users").select("id").where("id", "=", sql<string>`any(${ids}::uuid[])`).execute();
  return new Set(found.map(({ id }) => id));
}

/** Users whose username is stored as another keyboard wrote it, before all were read as one: ids and keys, a few at most. */
export async function findOtherKeyboards(db: Queries, key: string): Promise<{ id: string; usernameKey: string }[]> {
  const query = db
    .selectFrom("users")
    .select(["id", "usernameKey"])
    .where(sql`latchkey.one_keyboard(username_key)`, "=", key)
    .orderBy("id")
    .limit(2);
  return query.$narrowType<{ usernameKey: string }>().execute();
}

/** Who has one of these phone numbers. */
export async function findPhoneHolders(db: Queries, numbers: readonly string[]): Promise<{ id: string }[]> {
  return db.selectFrom("users").select("id").where("phoneNumber", "=", sql<string>`any(${numbers})`).execute();
}

/** A user whose name is to be looked over. */
export interface NamedUser {
  readonly id: string;
  readonly username: string | null;
}

/** A page of users with a phone number, in its order. */
export async function listPhoneHolders(
  db: Queries,
  after: string,
  limit: number,
): Promise<(NamedUser & { readonly phoneNumber: string })[]> {
  const query = db
    .selectFrom("users")
    .select(["id", "username", "phoneNumber"])
    .where("phoneNumber", ">", after)
    .orderBy("phoneNumber")
    .limit(limit);
  return query.$narrowType<{ phoneNumber: string }>().execute();
}

/** Pairs of users whose usernames differ in nothing but the keyboard that typed them. */
export async function listKeyboardPairs(
  db: Queries,
  limit: number,
): Promise<{ readonly id: string; readonly username: string; readonly other: string }[]> {
  const { rows } = await sql<{ id: string; username: string; other: string }>`
    select older.id, older.username, twin.username as other
    from latchkey.users older
    join latchkey.users twin on twin.id <> older.id and (
      twin.username_key = latchkey.one_keyboard(older.username_key)
      or (latchkey.one_keyboard(twin.username_key) = latchkey.one_keyboard(older.username_key) and twin.id > older.id))
    where latchkey.one_keyboard(older.username_key) is not null
    order by older.id limit ${limit}`.execute(db);
  return rows;
}

export interface NewUser extends ProfileChanges, Vouched, Proved {
  readonly id: string;
  readonly username: string | null;
  readonly usernameKey: string | null;
  readonly phoneNumber: string | null;
  readonly email: string | null;
  readonly emailKey: string | null;
  readonly password: string;
  readonly isStaff?: boolean | undefined;
  readonly isSuperuser?: boolean | undefined;
  /** Of an account that a test number makes: when it ends. */
  readonly testUntil?: Date;
  /** Of one whose password somebody else chose. */
  readonly passwordChangeDueAt?: RawBuilder<Date>;
}

/** What notes that a code has just proved the number or the address of an account. */
export function markProved(kind: "phone" | "email"): Proved {
  const now = sql<Date>`latchkey.now()`;
  return kind === "phone" ? { phoneProvedAt: now } : { emailProvedAt: now };
}

interface Proved {
  readonly phoneProvedAt?: RawBuilder<Date>;
  readonly emailProvedAt?: RawBuilder<Date>;
}

/** What notes that an administrator vouches for the number and the address among these names. */
export function vouchFor({ phoneNumber, email }: Pick<UserChanges, "phoneNumber" | "email">): Vouched {
  const now = sql<Date>`latchkey.now()`;
  return { ...(phoneNumber && { phoneVouchedAt: now }), ...(email && { emailVouchedAt: now }) };
}

interface Vouched {
  readonly phoneVouchedAt?: RawBuilder<Date>;
  readonly emailVouchedAt?: RawBuilder<Date>;
}

/** @throws AuthError `identifier_taken`, naming the field; `invalid_input` */
export async function insertUser(db: Queries, profile: ProfileDefinition, user: NewUser): Promise<User> {
  const { columns, own } = toProfileColumns(profile, user);
  const values = { ...(columns as unknown as NewUser), ...(own !== null && { profile: own }) };
  try {
    const inserted = db.insertInto("users").values(values).returning(profile.columns);
    return toUser(profile, await inserted.executeTakeFirstOrThrow());
  } catch (error) {
    throw toRefusal(error);
  }
}

const fieldOfConstraint: Readonly<Record<string, string>> = {
  users_username_key: "username",
  users_phone_number_key: "phoneNumber",
  users_email_key: "email",
};

function toRefusal(error: unknown): unknown {
  const constraint = findBrokenConstraint(error) ?? "";
  if (constraint === "users_profile_size") {
    const issues = [
      { path: [], code: "too_large" as const, message: "is more than the profile holds: 16384 bytes of JSON" },
    ];
    return new AuthError("invalid_input", "The profile is too large", { issues });
  }
  if (constraint === "users_named") return nameMissing();
  const field = fieldOfConstraint[constraint];
  return field ? identifierTaken(field) : error;
}

/** The refusal of an account that nothing would name. */
export function nameMissing(): AuthError {
  const message = "an account needs a username, a phone number or an e-mail address";
  return new AuthError("invalid_input", "The account would have no name", {
    issues: [{ path: ["username"], code: "required", message }],
  });
}

/** The refusal of a name that another account has, by the input's name for it. */
export function identifierTaken(field: string): AuthError {
  const issues = [{ path: [field], code: "taken" as const, message: "belongs to another account" }];
  return new AuthError("identifier_taken", "Another account has that name, phone number or e-mail address", { issues });
}

/**
 * Makes a user's password this hash, whatever it was, because somebody set it here.
 *
 * @param by what was shown for it: a number's or an address's code, which proves that, or the password before
 */
export async function updatePassword(
  db: Queries,
  id: string,
  hash: string,
  by: "password" | "phone" | "email" | null = null,
): Promise<void> {
  const now = sql<Date>`latchkey.now()`;
  const byCodeOf = by === "password" ? null : by;
  await db
    .updateTable("users")
    .set({
      password: hash,
      credentialsChangedAt: now,
      passwordSetAt: now,
      // Whoever knows a password that a code has set proves no more by it than the code did.
      ...(by !== "password" && { resetByCodeAt: byCodeOf && now }),
      passwordChangeDueAt: null,
      ...(byCodeOf && markProved(byCodeOf)),
    })
    .where("id", "=", id)
    .execute();
}

/** What an administrator may change of a user. */
export interface UserChanges extends ProfileChanges, Vouched {
  readonly username?: string | null;
  readonly usernameKey?: string | null;
  readonly phoneNumber?: string | null;
  readonly email?: string | null;
  readonly emailKey?: string | null;
  readonly isActive?: boolean | undefined;
  readonly isStaff?: boolean | undefined;
  readonly isSuperuser?: boolean | undefined;
}

/** From when on codes of a name open the account is said of that name alone. */
function keepOpening({ phoneNumber, emailKey }: UserChanges) {
  const ifSame = (name: string, value: string | null, opensAt: string) =>
    sql<Date | null>`case when ${sql.ref(name)} = ${value}::text then ${sql.ref(opensAt)} end`;
  return {
    ...(phoneNumber !== undefined && { phoneOpensAt: ifSame("phone_number", phoneNumber, "phone_opens_at") }),
    ...(emailKey !== undefined && { emailOpensAt: ifSame("email_key", emailKey, "email_opens_at") }),
  };
}

const nameColumns = ["usernameKey", "phoneNumber", "emailKey"] as const satisfies readonly (keyof UserChanges)[];

/**
 * Changes a user.
 *
 * @throws AuthError `identifier_taken`, naming the field; `invalid_input`
 */
export async function updateUser(
  db: Queries,
  profile: ProfileDefinition,
  id: string,
  changes: UserChanges,
): Promise<User | null> {
  const { columns, own } = toProfileColumns(profile, changes);
  if (Object.keys(columns).length === 0 && own === null) return findUser(db, profile, id);
  const isRenamed = nameColumns.some((column) => column in changes);
  const credentials = isRenamed ? { credentialsChangedAt: sql<Date>`latchkey.now()` } : {};
  // A parked account that is given a name can be reached again.
  const unparked = nameColumns.some((column) => (changes[column] ?? null) !== null) ? { parkedAt: null } : {};
  // In the database, so that of two changes of different fields at once neither is lost.
  const merged = own === null ? {} : { profile: sql<string>`profile || ${own}::jsonb` };
  try {
    const updated = await db
      .updateTable("users")
      .set({ ...(columns as UserChanges), ...merged, ...credentials, ...unparked, ...keepOpening(changes) })
      .where("id", "=", id)
      .returning(profile.columns)
      .executeTakeFirst();
    return updated ? toUser(profile, updated) : null;
  } catch (error) {
    throw toRefusal(error);
  }
}

export async function deleteUser(db: Queries, id: string): Promise<boolean> {
  const result = await db.deleteFrom("users").where("id", "=", id).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

export interface LockedUsers {
  /** The user as they are now; null when there is no such user. */
  readonly target: User | null;
  /** The ids of the active superusers. */
  readonly superusers: readonly string[];
}

/**
 * Reads a user and the active superusers, and locks their rows until the transaction ends. It is one statement in one
 * order, so that of two who change each other one waits for the other and never both.
 */
export async function lockWithSuperusers(
  transaction: Queries,
  profile: ProfileDefinition,
  id: string,
): Promise<LockedUsers> {
  const rows = await transaction
    .selectFrom("users")
    .select(profile.columns)
    .where(({ or, and, eb }) => or([eb("id", "=", id), and([eb("isSuperuser", "=", true), eb("isActive", "=", true)])]))
    .orderBy("id")
    .forNoKeyUpdate()
    .execute();
  const superusers = rows.filter((user) => user.isSuperuser && user.isActive).map((user) => user.id);
  const target = rows.find((user) => user.id === id.toLowerCase());
  return { target: target ? toUser(profile, target) : null, superusers };
}

/** Reads a user and locks the row until the transaction ends. */
export async function lockUser(transaction: Queries, id: string): Promise<User | null> {
  const query = transaction.selectFrom("users").select(userFields).where("id", "=", id).forNoKeyUpdate();
  return (await query.executeTakeFirst()) ?? null;
}

/** Notes that no token of another system is adopted for a user any more; the first time stands. */
export async function markOldTokensEnded(db: Queries, id: string): Promise<void> {
  await db
    .updateTable("users")
    .set({ oldTokensEndedAt: sql<Date>`latchkey.now()` })
    .where("id", "=", id)
    .where("oldTokensEndedAt", "is", null)
    .execute();
}

/** Marks the same for some of those who came from another system, and answers how many there were. */
export async function markSomeOldTokensEnded(db: Queries, atMost: number): Promise<number> {
  const { rows } = await sql`
    update latchkey.users set old_tokens_ended_at = latchkey.now() where id in (
      select u.id from latchkey.users u
      where u.old_tokens_ended_at is null and exists (select from latchkey.imported_users i where i.user_id = u.id)
      order by u.id limit ${atMost} for no key update of u)
    returning id`.execute(db);
  return rows.length;
}

/** Whether tokens of another system may still be adopted for a user. */
export async function mayHaveOldTokens(db: Queries, id: string): Promise<boolean> {
  const query = db.selectFrom("users").select("id").where("id", "=", id).where("oldTokensEndedAt", "is", null);
  return (await query.executeTakeFirst()) !== undefined;
}

export async function findUser(db: Queries, profile: ProfileDefinition, id: string): Promise<User | null> {
  const found = await db.selectFrom("users").select(profile.columns).where("id", "=", id).executeTakeFirst();
  return found ? toUser(profile, found) : null;
}

/** A user with what is stored of the password. */
export async function findAccountById(db: Queries, id: string): Promise<Account | null> {
  const query = db
    .selectFrom("users")
    .select([...userFields, "password", "deviceEpoch"])
    .where("id", "=", id);
  return (await query.executeTakeFirst()) ?? null;
}

/** What an account's names and password are worth, and since when. */
export interface StoredProofs {
  readonly phoneNumber: string | null;
  readonly email: string | null;
  readonly phoneProvedAt: Date | null;
  readonly phoneVouchedAt: Date | null;
  readonly emailProvedAt: Date | null;
  readonly emailVouchedAt: Date | null;
  /** The encoded hash. */
  readonly password: string;
  readonly passwordSetAt: Date | null;
  readonly passwordChangeDueAt: Date | null;
}

export async function findProofs(db: Queries, id: string): Promise<StoredProofs | null> {
  const query = db
    .selectFrom("users")
    .select(["phoneNumber", "email", "phoneProvedAt", "phoneVouchedAt", "emailProvedAt", "emailVouchedAt"])
    .select(["password", "passwordSetAt", "passwordChangeDueAt"])
    .where("id", "=", id);
  return (await query.executeTakeFirst()) ?? null;
}

/** Of all accounts whose hashes begin alike. */
export interface PasswordKind {
  /** What `kindInSql` finds at their beginning; empty where it finds nothing. */
  readonly kind: string;
  readonly count: number;
}

/** The kinds of stored passwords, and how many there are of each. It reads the whole table, so it is for work that nobody waits for. */
export async function listPasswordKinds(db: Queries, kindInSql: string): Promise<PasswordKind[]> {
  const { rows } = await sql<PasswordKind>`
    select ${sql.raw(kindInSql)} as kind, count(*)::int as count
    from latchkey.users where password not like '!%' group by 1`.execute(db);
  return rows;
}

/** One of the stored passwords that begin so. It reads the table until it finds one. */
export async function findPasswordOfKind(db: Queries, kind: string): Promise<string | null> {
  const { rows } = await sql<{ password: string }>`
    select password from latchkey.users where starts_with(password, ${kind}) limit 1`.execute(db);
  return rows[0]?.password ?? null;
}

/** Gives a user another password, if it is still the one that was verified. */
export async function replacePassword(
  db: Queries,
  { id, verifiedHash, nextHash }: { id: string; verifiedHash: string; nextHash: string },
): Promise<boolean> {
  const now = sql<Date>`latchkey.now()`;
  const result = await db
    .updateTable("users")
    .set({ password: nextHash, credentialsChangedAt: now, passwordSetAt: now, passwordChangeDueAt: null })
    .where("id", "=", id)
    .where("isActive", "=", true)
    .where("password", "=", verifiedHash)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** What notes that a password has to be replaced at the next sign-in. */
export const passwordChangeDue = { passwordChangeDueAt: sql<Date>`latchkey.now()` };

/** Has the password of a user replaced at the next sign-in. */
export async function requireNewPassword(transaction: Queries, id: string): Promise<void> {
  await transaction.updateTable("users").set(passwordChangeDue).where("id", "=", id).execute();
}

/** Since when the password of a user has to be replaced at the next sign-in; null for one that its owner chose. */
export async function findPasswordChangeDue(db: Queries, id: string): Promise<Date | null> {
  const query = db.selectFrom("users").select("passwordChangeDueAt").where("id", "=", id);
  return (await query.executeTakeFirst())?.passwordChangeDueAt ?? null;
}

/** Holds a user's row until the transaction ends; false when the account was disabled, deleted or given another password since it was read. */
export async function lockUnchanged(
  transaction: Queries,
  { id, verifiedHash }: { id: string; verifiedHash: string },
): Promise<boolean> {
  const query = transaction
    .selectFrom("users")
    .select("id")
    .where("id", "=", id)
    .where("isActive", "=", true)
    .where("password", "=", verifiedHash)
    .forNoKeyUpdate();
  return (await query.executeTakeFirst()) !== undefined;
}

/**
 * Notes a sign-in, and stores the password's new hash where one is due. Null when the account was disabled, deleted or given
 * another password since `verifiedHash` was read, or has to have another one, so that a password that has just been replaced opens nothing.
 */
export async function recordSignIn(
  db: Queries,
  profile: ProfileDefinition,
  { id, verifiedHash, nextHash }: { id: string; verifiedHash: string; nextHash: string },
): Promise<User | null> {
  const updated = await db
    .updateTable("users")
    .set({ lastLogin: sql<Date>`latchkey.now()`, password: nextHash })
    .where("id", "=", id)
    .where("isActive", "=", true)
    .where("password", "=", verifiedHash)
    .where("passwordChangeDueAt", "is", null)
    .returning(profile.columns)
    .executeTakeFirst();
  return updated ? toUser(profile, updated) : null;
}

/** Notes a sign-in by what needs no password, in a transaction that holds the user's row. Null when the account is disabled. */
export async function recordSignInByCode(
  db: Queries,
  profile: ProfileDefinition,
  { id, proved }: { id: string; proved: Proved },
): Promise<User | null> {
  const updated = await db
    .updateTable("users")
    .set({ lastLogin: sql<Date>`latchkey.now()`, ...proved })
    .where("id", "=", id)
    .where("isActive", "=", true)
    .returning(profile.columns)
    .executeTakeFirst();
  return updated ? toUser(profile, updated) : null;
}

/** Notes that a code has just proved an account's number or address. */
export async function recordProof(db: Queries, id: string, kind: "phone" | "email"): Promise<void> {
  await db.updateTable("users").set(markProved(kind)).where("id", "=", id).execute();
}

/** A number or an address that its owner has just proved. */
export interface ProvedName {
  readonly id: string;
  readonly kind: "phone" | "email";
  /** Canonical. */
  readonly address: string;
  /** Seconds until its codes open the account. */
  readonly opensIn: number;
  /** When a code proved it, other than now. */
  readonly provedAt?: Date | undefined;
}

/**
 * Gives an account a number or an address that its owner has proved, in the place of the one it had. An account that was parked is not then.
 *
 * @throws AuthError `identifier_taken`
 */
export async function setProvedName(
  db: Queries,
  profile: ProfileDefinition,
  { id, kind, address, opensIn, provedAt }: ProvedName,
): Promise<User | null> {
  const opensAt = opensIn === 0 ? null : toOpensAt(opensIn);
  const name =
    kind === "phone"
      ? { phoneNumber: address, phoneOpensAt: opensAt }
      : { email: address, emailKey: address, emailOpensAt: opensAt };
  const proved = provedAt === undefined ? markProved(kind) : { [`${kind}ProvedAt` as const]: provedAt };
  const changes = { ...name, ...proved, parkedAt: null, credentialsChangedAt: sql<Date>`latchkey.now()` };
  try {
    const query = db.updateTable("users").set(changes).where("id", "=", id).returning(profile.columns);
    const updated = await query.executeTakeFirst();
    return updated ? toUser(profile, updated) : null;
  } catch (error) {
    throw toRefusal(error);
  }
}

/** Has names whose codes do not open the account yet open it from then on at the earliest. */
export async function prolongOpening(transaction: Queries, id: string, until: Date): Promise<void> {
  const later = (column: "phone_opens_at" | "email_opens_at") => sql<Date | null>`case
    when ${sql.ref(column)} > latchkey.now() then greatest(${sql.ref(column)}, ${until}) else ${sql.ref(column)} end`;
  await transaction
    .updateTable("users")
    .set({ phoneOpensAt: later("phone_opens_at"), emailOpensAt: later("email_opens_at") })
    .where("id", "=", id)
    .execute();
}

/** Has the codes of the account's number or address open it after so many seconds, and not before. */
export async function postponeOpening(
  transaction: Queries,
  { id, kind, opensIn }: Pick<ProvedName, "id" | "kind" | "opensIn">,
): Promise<void> {
  const opensAt = toOpensAt(opensIn);
  const postponed = kind === "phone" ? { phoneOpensAt: opensAt } : { emailOpensAt: opensAt };
  await transaction.updateTable("users").set(postponed).where("id", "=", id).execute();
}

const toOpensAt = (seconds: number) => sql<Date>`latchkey.now() + make_interval(secs => ${seconds})`;

/** Makes a name that was proved a mere claim again: it opens nothing by code until it is proved anew, with the password. */
export async function forgetProof(db: Queries, id: string, kind: "phone" | "email"): Promise<void> {
  const gone = kind === "phone" ? { phoneProvedAt: null } : { emailProvedAt: null };
  await db.updateTable("users").set(gone).where("id", "=", id).execute();
}

/**
 * Takes a number or an address from an account whose row the transaction holds, because another person has proved it. An account that has
 * no name then is parked. Answers whether it is.
 */
export async function takeName(transaction: Queries, id: string, kind: "phone" | "email"): Promise<boolean> {
  const gone =
    kind === "phone" ? { phoneNumber: null, phoneOpensAt: null } : { email: null, emailKey: null, emailOpensAt: null };
  const others = kind === "phone" ? sql`username_key, email_key` : sql`username_key, phone_number`;
  const { parkedAt } = await transaction
    .updateTable("users")
    .set({
      ...gone,
      parkedAt: sql<Date | null>`case when num_nonnulls(${others}) = 0 and not has_alias
        then latchkey.now() else parked_at end`,
    })
    .where("id", "=", id)
    .returning("parkedAt")
    .executeTakeFirstOrThrow();
  return parkedAt !== null;
}

/** Notes that a user's second factor was enrolled just now, or that there is none any more. */
export async function markSecondFactor(db: Queries, id: string, isEnrolled: boolean): Promise<void> {
  const secondFactorAt = isEnrolled ? sql<Date>`latchkey.now()` : null;
  await db.updateTable("users").set({ secondFactorAt }).where("id", "=", id).execute();
}

/** Stores the new hash of the password that was verified; false when it is not the stored one any more, or the account is disabled. */
export async function rehashPassword(
  transaction: Queries,
  { id, verifiedHash, nextHash }: { id: string; verifiedHash: string; nextHash: string },
): Promise<boolean> {
  if (nextHash === verifiedHash) return lockUnchanged(transaction, { id, verifiedHash });
  const { numUpdatedRows } = await transaction
    .updateTable("users")
    .set({ password: nextHash })
    .where("id", "=", id)
    .where("isActive", "=", true)
    .where("password", "=", verifiedHash)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Notes that a code which was sent has just set what opens an account: for a while that is worth no more than the code. */
export async function markSetByCode(transaction: Queries, id: string): Promise<void> {
  const resetByCodeAt = sql<Date>`latchkey.now()`;
  await transaction.updateTable("users").set({ resetByCodeAt }).where("id", "=", id).execute();
}

/** Whether a test number made an account. */
export async function isTestAccount(db: Queries, id: string): Promise<boolean> {
  const query = db.selectFrom("users").select("id").where("id", "=", id).where("testUntil", "is not", null);
  return (await query.executeTakeFirst()) !== undefined;
}

/** For how long devices that were forgotten can still stop what waits: longer than the longest wait, that of a deletion, and the time before it. */
const isRecentlyRaised = sql<boolean>`coalesce(device_epoch_raised_at > latchkey.now() - interval '45 days', false)`;

/** Epochs of devices that can stop what waits for an account: the present one, and those that were forgotten lately. */
export async function listStoppingEpochs(db: Queries, id: string): Promise<number[]> {
  const found = await db
    .selectFrom("users")
    .select(["deviceEpoch"])
    .select(sql<number>`case when ${isRecentlyRaised} then device_epoch_kept else device_epoch end`.as("first"))
    .where("id", "=", id)
    .executeTakeFirst();
  if (!found) return [];
  const { deviceEpoch, first } = found;
  // Of very many, the first ones: whoever raises it over and over is not the one to be protected.
  const count = Math.min(deviceEpoch - first + 1, 50);
  return [deviceEpoch, ...Array.from({ length: count }, (_, index) => first + index)];
}

/** Makes the marks of an account's devices good no more, and answers of which epoch the next ones are. */
export async function incrementDeviceEpoch(transaction: Queries, id: string): Promise<number> {
  const raised = await transaction
    .updateTable("users")
    .set({
      deviceEpoch: sql<number>`device_epoch + 1`,
      // However often somebody raises it within that time, what was known before the first of these stays the same.
      deviceEpochKept: sql<number>`case when ${isRecentlyRaised} then device_epoch_kept else device_epoch end`,
      deviceEpochRaisedAt: sql<Date>`case when ${isRecentlyRaised} then device_epoch_raised_at else latchkey.now() end`,
    })
    .where("id", "=", id)
    .returning("deviceEpoch")
    .executeTakeFirst();
  return raised?.deviceEpoch ?? 0;
}

/** Whose devices are meant, and of which epoch they are; null for nobody's. */
export async function findDeviceOwner(
  db: Queries,
  id: string,
): Promise<{ readonly id: string; readonly deviceEpoch: number } | null> {
  return (await db.selectFrom("users").select(["id", "deviceEpoch"]).where("id", "=", id).executeTakeFirst()) ?? null;
}
