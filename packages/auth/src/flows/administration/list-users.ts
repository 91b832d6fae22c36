import { AuthError } from "../../errors.ts";
import { toAsciiDigits } from "../../identifiers/digits.ts";
import { storedFormsOf } from "../../identifiers/phone.ts";
import { storedKeysOf } from "../../identifiers/username.ts";
import { listByExternalId } from "../../imported-users/imported-user-store.ts";
import type { User } from "../../users/user.ts";
import { listUsers as listUserRows, type SearchableName } from "../../users/user-list.ts";
import { findUser } from "../../users/user-store.ts";
import type { Core } from "../steps/core.ts";
import { countContactSearch } from "../steps/count-contact-guess.ts";
import { readName } from "../steps/find-named.ts";
import { type Reader, seesContact, showUsers } from "../steps/masked-contact.ts";
import { readCursor, toPage, writeCursor } from "../steps/page-cursor.ts";
import { recordRead } from "../steps/record-read.ts";

export interface ListUsersInput {
  /** Only users whose username, phone number or e-mail address begins like this; at most one of the three. */
  readonly username?: string | undefined;
  readonly phoneNumber?: string | undefined;
  readonly email?: string | undefined;
  /** Only users who had exactly this id in the system they were imported from; no other search and no filter goes with it. */
  readonly externalId?: string | undefined;
  readonly isActive?: boolean | undefined;
  readonly isStaff?: boolean | undefined;
  readonly groupId?: string | undefined;
  /** Only users whose own fields hold this: fields that are declared as indexed. */
  readonly profile?: Readonly<Record<string, unknown>> | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface UserPage<Person extends User = User> {
  readonly users: readonly Person[];
  /** For the next page; null on the last. */
  readonly nextCursor: string | null;
}

/**
 * One page of users: the newest first, or in the order of the name that is searched for. A reader who may not see phone numbers and e-mail
 * addresses gets them masked, and finds somebody by a whole one only, so often.
 *
 * @throws AuthError `invalid_input`, `rate_limited`
 */
export async function listUsers(core: Core, input: ListUsersInput, reader?: Reader): Promise<UserPage> {
  const isWhole = await seesContact(core, reader);
  const page = isWhole ? await readPage(core, input) : await readPageByWholeNames(core, input, reader);
  await recordRead(core, reader, { what: "users", count: page.users.length });
  return isWhole ? page : { ...page, users: await showUsers(core, reader, page.users) };
}

/** By its beginnings a number could be guessed digit by digit, and a cursor holds it. */
async function readPageByWholeNames(core: Core, input: ListUsersInput, reader: Reader): Promise<UserPage> {
  const by = (["phoneNumber", "email"] as const).find((name) => input[name] !== undefined);
  if (!by) return readPage(core, input);
  const kind = by === "phoneNumber" ? "phone" : "email";
  const wanted = readName(core, input[by] ?? "", by);
  if (wanted?.kind !== kind) throw invalid(by, "Without auth.view_contact people are found by a whole one only");
  if (reader?.user) await countContactSearch(core, { user: reader.user, facts: reader.facts });
  const { users } = await readPage(core, input);
  const isWanted = (name: string | null) => name !== null && readName(core, name, by)?.value === wanted.value;
  return { users: users.filter((user) => isWanted(user[by])), nextCursor: null };
}

async function readPage(core: Core, input: ListUsersInput): Promise<UserPage> {
  const { username, phoneNumber, email, externalId, cursor, limit, ...filters } = input;
  if (externalId !== undefined)
    return listImported(core, externalId, { username, phoneNumber, email, cursor, ...filters });
  const search = findSearch(core, { username, phoneNumber, email });
  const order = search?.by ?? "id";
  const after = cursor === undefined ? undefined : readCursor(cursor, order);
  // One more than asked for tells whether there is another page.
  const found = await listUserRows(core.db, core.profile, { ...filters, search, after, limit: limit + 1 });
  const { listed, nextCursor } = toPage(found, limit, ({ position }) => writeCursor(order, position));
  return { users: listed.map(({ user }) => user), nextCursor };
}

/** A person of another system, one for each system. */
async function listImported(core: Core, externalId: string, others: object): Promise<UserPage> {
  if (Object.values(others).some((value) => value !== undefined))
    throw invalid("externalId", "Search by externalId alone");
  const ids = await listByExternalId(core.db, externalId);
  const users = await Promise.all(ids.map((id) => findUser(core.db, core.profile, id)));
  return { users: users.filter((user) => user !== undefined && user !== null), nextCursor: null };
}

function findSearch(core: Core, names: Record<SearchableName, string | undefined>) {
  const [given, ...others] = Object.entries(names).filter(([, value]) => value !== undefined) as [
    SearchableName,
    string,
  ][];
  if (others[0]) throw invalid(others[0][0], "Search by one of username, phoneNumber and email");
  return given && { by: given[0], prefixes: foldPrefixes(core, given[0], given[1]) };
}

/** The beginning of a name as it would be stored; a whole name in any spelling finds its owner as well, in whatever form it is stored. */
function foldPrefixes(core: Core, by: SearchableName, typed: string): readonly string[] {
  if (by === "phoneNumber") return foldDigits(core, typed);
  const asTyped = typed.normalize("NFKC").trim().toLowerCase();
  const whole = readName(core, typed, by);
  if (by === "username" && whole?.kind === "username") return storedKeysOf(whole.value, typed);
  return [whole?.kind === by ? whole.value : asTyped];
}

/** E.164 has seven digits at least; with fewer, nothing is a whole number in any country's spelling. */
function foldDigits(core: Core, typed: string): readonly string[] {
  const text = toAsciiDigits(typed.normalize("NFKC"));
  const digits = text.replace(/\D/g, "");
  const whole = digits.length < 7 ? null : readName(core, typed, "phoneNumber");
  if (whole?.kind === "phone") return storedFormsOf(whole.value, typed);
  return [/\p{L}/u.test(text) ? text : `+${digits}`];
}

function invalid(field: string, message: string): AuthError {
  return new AuthError("invalid_input", message, { issues: [{ path: [field], code: "invalid_value", message }] });
}
