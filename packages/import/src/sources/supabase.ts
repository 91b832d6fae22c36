import { type OldRow, SourceError } from "../old-row.ts";
import { isPast, isRecord, withAttributes } from "./attributes.ts";
import type { Values } from "./files.ts";
import { type AccountsOfTables, findTable } from "./tables.ts";

/** The schema `auth` of a Supabase project, in its own database. */
export const supabaseTables: AccountsOfTables = {
  find(tables, named, reader) {
    if (reader.dialect !== "postgres") throw new SourceError("A Supabase project is read from postgres://….");
    const isUsers = named ?? "auth.users";
    const users = findTable(tables, isUsers, reader.place);
    const factors = tables.find(({ schema, table }) => schema === users.schema && table === "mfa_factors");
    const own = tables.filter(({ schema }) => schema === users.schema);
    const countFactors = factors?.columns.includes("status")
      ? `left join (select user_id as person, count(*) as count from ${reader.quote(factors)}
            where status = 'verified' group by user_id) f on f.person = u.id`
      : "";
    return { users, more: countFactors === "" ? [] : ["f.count as second_factors"], joins: countFactors, own };
  },
  toRow: fromSupabase,
};

/** As `auth.users` has it, read from the database or from a file of that table. */
function fromSupabase({ values, ...row }: OldRow): OldRow {
  const { phone = null, banned_until = null, deleted_at = null, raw_user_meta_data = null, ...rest } = values;
  const isBanned = banned_until !== null && !isPast(banned_until);
  const own: Values = {
    ...rest,
    // Without its plus sign there.
    phone: phone !== null && /^[1-9]\d{6,14}$/.test(phone) ? `+${phone}` : phone,
    isActive: isBanned || deleted_at !== null ? "false" : "true",
  };
  return { ...row, values: withAttributes(own, readObject(raw_user_meta_data), "raw_user_meta_data") };
}

function readObject(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
