import { escapeMisleading } from "@latchkey/auth/import";
import type { Run } from "../run/staging.ts";

/** How many people there are, by what becomes of them; the numbers add up to `read`. */
export interface Totals {
  readonly read: number;
  /** Would come over, or came over with this run. */
  readonly new: number;
  /** Are here, and changed there. */
  readonly changed: number;
  /** Are here, and are as they were. */
  readonly settled: number;
  /** Were deleted here, and stay so. */
  readonly deleted: number;
  /** Are left out by a decision. */
  readonly skipped: number;
  /** Are left out because something is undecided. */
  readonly undecided: number;
  /** Are left out by `--only` or `--limit`. */
  readonly leftOut: number;
}

export interface CodeCount {
  readonly code: string;
  readonly rows: number;
  readonly undecided: number;
  readonly examples: readonly string[];
}

/** What a run says of itself; never a password or its hash. */
export interface Summary {
  readonly place: string;
  readonly source: string;
  readonly isApplied: boolean;
  readonly totals: Totals;
  readonly codes: readonly CodeCount[];
  readonly undecidedRows: number;
  /** Of these, rows about the source as a whole, such as a column. */
  readonly undecidedOfSource: number;
}

/** Counts what the plan of a run comes to. */
export async function summarize(
  { client, id, source }: Run,
  { place, isApplied }: Pick<Summary, "place" | "isApplied">,
): Promise<Summary> {
  const { rows } = await client.query<{ state: string; people: number }>(
    "select state, count(*)::int as people from latchkey.import_people where run_id = $1 group by state",
    [id],
  );
  const count = (state: string) => rows.find((row) => row.state === state)?.people ?? 0;
  const { rows: codes } = await client.query<CodeCount>(
    // Of those who are left out nothing has to be decided.
    `select code, count(*)::int as rows, count(*) filter (where not is_decided and not coalesce(is_left_out, false))::int as undecided,
      (array_agg(case when old_id = '' then field else old_id || coalesce(' ' || left(value, 40), '') end order by old_id))[1:3] as examples
    from latchkey.import_issues
    left join (select old_id, true as is_left_out from latchkey.import_people where run_id = $1 and state = 'left_out') p using (old_id)
    where run_id = $1 group by code order by code`,
    [id],
  );
  const { rows: ofSource } = await client.query<{ count: number }>(
    "select count(*)::int as count from latchkey.import_issues where run_id = $1 and old_id = '' and not is_decided",
    [id],
  );
  return {
    place,
    source,
    isApplied,
    totals: {
      read: rows.reduce((sum, { people }) => sum + people, 0),
      new: count("new"),
      changed: count("changed"),
      settled: count("settled"),
      deleted: count("deleted"),
      skipped: count("skipped"),
      undecided: count("undecided"),
      leftOut: count("left_out"),
    },
    codes,
    undecidedOfSource: ofSource[0]?.count ?? 0,
    undecidedRows: codes.reduce((sum, { undecided }) => sum + undecided, 0),
  };
}

/** One screen: totals, codes with examples, what to type next. */
export function describeSummary(
  { place, source, isApplied, totals, codes, undecidedRows }: Summary,
  next: string,
): string {
  const rows: readonly (readonly [number, string])[] = [
    [totals.new, isApplied ? "came over now" : "would come over"],
    [totals.changed, isApplied ? "were here, and changed there: followed" : "are here, and changed there"],
    [totals.settled, "are here already, and did not change there"],
    [totals.deleted, "were deleted here, and stay deleted"],
    [totals.skipped, "are left out by a decision"],
    [totals.undecided, "wait for a decision; their names are reserved"],
    [totals.leftOut, "are left out by --only or --limit"],
  ];
  const number = (value: number) => String(value).padStart(9);
  const shown = rows.filter(([value], index) => value > 0 || index === 0);
  const ofCodes = codes.map(({ code, rows: all, undecided, examples }) => {
    const open = undecided > 0 ? `, ${undecided} undecided` : "";
    return `${number(all)}  ${code}${open}: ${examples.map((example) => escapeMisleading(JSON.stringify(example))).join(", ")}`;
  });
  return [
    `${isApplied ? "Import" : "Dry run of the import"} of ${source} from ${place}`,
    "",
    `${number(totals.read)}  people read`,
    ...shown.map(([value, text]) => `${number(value)}  ${text}`),
    "",
    ...(ofCodes.length > 0 ? ["For a person to decide, or to know:", ...ofCodes, ""] : []),
    undecidedRows > 0 ? `${undecidedRows} rows are undecided.` : "Everything is decided.",
    next,
    "",
  ].join("\n");
}
