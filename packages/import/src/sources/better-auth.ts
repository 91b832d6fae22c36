import { type OldRow, SourceError } from "../old-row.ts";
import { readFlag } from "../rules/read-values.ts";
import { askForRights, fromEpoch, isPast, negate } from "./attributes.ts";
import type { Values } from "./files.ts";
import type { SqlReader, Table } from "./sql-reader.ts";
import { type AccountsOfTables, findTable } from "./tables.ts";

/** The tables of better-auth, as its own command makes them, or with snake case, as ORMs do. */
export const betterAuthTables: AccountsOfTables = {
  find(tables, named, reader) {
    const users = findTable(tables, named ?? usualName(tables), reader.place);
    const accounts = findAccounts(tables.filter(({ schema }) => schema === users.schema));
    if (!accounts)
      throw new SourceError(
        `${reader.place} has no table account beside ${users.table}: give people, with their passwords, as a file of CSV.`,
      );
    const isOwn = ({ table }: Table) => /^(sessions?|two_?factors?|passkeys?)$/i.test(table);
    const own = [accounts, ...tables.filter(isOwn)];
    const column = (wanted: string) => reader.quoteColumn(columnOf(accounts, wanted, reader));
    const joins = `left join (select ${column("userId")} as person, max(${column("password")}) as password
      from ${reader.quote(accounts)} where ${column("providerId")} = 'credential' group by ${column("userId")}) a
      on a.person = u.${reader.quoteColumn(columnOf(users, "id", reader))}`;
    return { users, more: ["a.password as password"], joins, own };
  },
  toRow: fromBetterAuth,
};

/** By its name, or, where a project's own comes in front (`shop_account`), by what only it has. */
function findAccounts(tables: readonly Table[]): Table | undefined {
  const has = ({ columns }: Table, wanted: string) => columns.some((name) => bare(name) === wanted);
  const named = tables.find(({ table }) => /^accounts?$/i.test(table));
  return named ?? tables.find((table) => ["userid", "accountid", "providerid"].every((column) => has(table, column)));
}

/** As its command calls it, or as ORMs do: `User`, `users`. */
const usualName = (tables: readonly Table[]) =>
  tables.some(({ table }) => table === "user")
    ? "user"
    : (tables.find(({ table }) => /^users?$/i.test(table))?.table ?? "user");

const bare = (name: string) => name.replaceAll("_", "").toLowerCase();

function columnOf({ table, columns }: Table, wanted: string, { place }: SqlReader): string {
  const found = columns.find((name) => bare(name) === bare(wanted));
  if (found !== undefined) return found;
  throw new SourceError(`The table ${table} in ${place} has no column ${wanted}: it is none of better-auth.`);
}

function fromBetterAuth({ values, ...row }: OldRow): OldRow {
  const { banned = null, banExpires, ban_expires, createdAt, created_at, ...others } = values;
  // What its teams add to its table, people may fill at their sign-up unless somebody said otherwise.
  const rest = withoutNoes(askForRights(others, "user"));
  const until = fromEpoch(banExpires ?? ban_expires ?? null);
  // A ban that is over is lifted there at the next sign-in.
  const isOver = until !== null && isPast(until);
  const isActive = isOver ? "true" : (negate(banned) ?? "true");
  return { ...row, values: { ...rest, dateJoined: fromEpoch(createdAt ?? created_at ?? null), isActive } };
}

/** Of these only who has them is of interest: second factors, and people who never said who they are. */
const told = /^(two_?factor_?enabled|is_?anonymous)$/i;

const withoutNoes = (values: Values): Values =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, told.test(name) && readFlag(value) === false ? null : value]),
  );
