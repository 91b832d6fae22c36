import { type OldRow, SourceError } from "../old-row.ts";
import { fromEpoch, isPast, negate } from "./attributes.ts";
import type { SqlReader, Table } from "./sql-reader.ts";
import { type AccountsOfTables, findTable } from "./tables.ts";

/** The tables of better-auth, as its own command makes them, or with snake case, as ORMs do. */
export const betterAuthTables: AccountsOfTables = {
  find(tables, named, reader) {
    const users = findTable(tables, named ?? usualName(tables), reader.place);
    const accounts = tables.find(({ schema, table }) => schema === users.schema && /^accounts?$/i.test(table));
    if (!accounts) throw new SourceError(`${reader.place} has no table account beside ${users.table}.`);
    const own = tables.filter(({ table }) => /^(accounts?|sessions?|two_?factors?|passkeys?)$/i.test(table));
    const column = (wanted: string) => reader.quoteColumn(columnOf(accounts, wanted, reader));
    const joins = `left join (select ${column("userId")} as person, max(${column("password")}) as password
      from ${reader.quote(accounts)} where ${column("providerId")} = 'credential' group by ${column("userId")}) a
      on a.person = u.${reader.quoteColumn(columnOf(users, "id", reader))}`;
    return { users, more: ["a.password as password"], joins, own };
  },
  toRow: fromBetterAuth,
};

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
  const { banned = null, banExpires, ban_expires, createdAt, created_at, ...rest } = values;
  const until = fromEpoch(banExpires ?? ban_expires ?? null);
  // A ban that is over is lifted there at the next sign-in.
  const isOver = until !== null && isPast(until);
  const isActive = isOver ? "true" : (negate(banned) ?? "true");
  return { ...row, values: { ...rest, dateJoined: fromEpoch(createdAt ?? created_at ?? null), isActive } };
}
