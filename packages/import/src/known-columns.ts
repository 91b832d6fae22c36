/** By what people sign in and are addressed: nothing that gives anybody a right, tells when something was, or is a secret. */
const personalFields = [
  "username",
  "email",
  "phoneNumber",
  "firstName",
  "lastName",
  "gender",
  "country",
  "city",
  "state",
  "isApprovedToBeInTouch",
] as const;

/** What a person has here that a column there can be. */
export const knownFields = [
  "id",
  "password",
  ...personalFields,
  "isActive",
  "isStaff",
  "isSuperuser",
  "dateJoined",
  "lastLogin",
  "groups",
  "permissions",
] as const;

export type KnownField = (typeof knownFields)[number];

/** The personal field that a column beside the people's own may be, by its name or what follows the table's. */
export function guessField(column: string): KnownField | null {
  const name = column.split(".").at(-1) ?? "";
  const field = knownFieldOf(name);
  if (field !== null) return personalFields.find((personal) => personal === field) ?? null;
  const words = wordsOf(name);
  if (words.some((word) => aboutFields.has(word))) return null;
  return fieldsByWord.find(([expression]) => words.some((word) => expression.test(word)))?.[1] ?? null;
}

/** What is proposed for a column of the people's own that nobody has decided; to drop `active` would enable who is disabled there. */
export const suggestField = (column: string): string =>
  guessField(column) ?? (/^(is_?)?(active|enabled)$/i.test(column) ? "isActive" : "FIELD");

/** Words that say of a column by which field people may be found: `gsm_no`, `contact_email`. */
const fieldsByWord: readonly (readonly [RegExp, KnownField])[] = [
  [/phone|mobile|telefon|msisdn|whatsapp|^gsm|^cell|^tel(no)?$/, "phoneNumber"],
  [/^e?mail(address)?$/, "email"],
  [/^(login|username)$/, "username"],
];

/** Words of columns that say something of such a field, and not what it is: `phone_verified_at`, `email_token`. */
const aboutFields = new Set(
  "is has at on last date time verified confirmed valid enabled allowed opt token code otp hash key secret count type id sent notification notifications notify".split(
    " ",
  ),
);

const wordsOf = (name: string) =>
  name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/);

/** Names that a column may have besides the field's own, as they are without case and underscores. */
const synonyms: Readonly<Record<string, KnownField>> = {
  pk: "id",
  oldid: "id",
  userid: "id",
  login: "username",
  passwordhash: "password",
  encryptedpassword: "password",
  emailaddress: "email",
  phone: "phoneNumber",
  mobile: "phoneNumber",
  mobilenumber: "phoneNumber",
  createdat: "dateJoined",
  lastsigninat: "lastLogin",
  userpermissions: "permissions",
};

const bare = (name: string) => name.replace(/[_\s-]/g, "").toLowerCase();
const fieldsByBareName = new Map(knownFields.map((field) => [bare(field), field]));

/**
 * The columns whose names say that they are ids: of more than one, nobody knows which is the person's.
 *
 * @example
 * findIdColumns(["id", "user_id", "name"]); // ["id", "user_id"]
 */
export const findIdColumns = (columns: readonly string[]): string[] =>
  columns.filter((column) => knownFieldOf(column) === "id");

/** The field that a column is by its name alone; null for one that somebody has to decide. */
export function knownFieldOf(column: string): KnownField | null {
  return fieldsByBareName.get(bare(column)) ?? synonyms[bare(column)] ?? null;
}

/** `favourite_colour` → `favouriteColour`, as own fields of the profile are called. */
export function toFieldName(column: string): string {
  return column.replace(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}

/** Characters by which a column or a permission is told, and found in a list of them: a file may call one anything. */
export const longestTold = 200;

const shorten = (column: string) => column.replaceAll("\0", "").slice(0, longestTold).toWellFormed();

export interface UndecidedColumn {
  readonly column: string;
  /** How many people have something in it; of a second column of a field, something else than in the first. */
  readonly filled: number;
  /** Whether it is a second column of a field. */
  readonly isSecond: boolean;
}

/** What becomes of the columns of a source. */
export interface Columns {
  /** The field that a column is; null for one that is dropped, or not decided. */
  fieldOf(column: string): string | null;
  /** The fields that a column was of, of those that were asked about. */
  told(): readonly string[];
  /** The columns that nobody has decided. */
  undecided(): readonly UndecidedColumn[];
  /** Columns of which something was said and that nobody has. */
  missing(): readonly string[];
}

/** The names in `--map` that no field has. */
export function findUnknownFields({ map, ownFields }: ColumnRules): string[] {
  const known: readonly string[] = [...knownFields, ...ownFields];
  return Object.values(map).filter((field) => !known.includes(field));
}

export interface ColumnRules {
  /** `--map a=b`: by column, the field. */
  readonly map: Readonly<Record<string, string>>;
  /** `--drop c`. */
  readonly drop: readonly string[];
  /** The names of a team's own fields. */
  readonly ownFields: readonly string[];
}

/** What is found out about columns while people are read. */
export interface NotedColumns {
  /** That a column is filled which nobody has decided. */
  note(column: string): void;
  /** That somebody has another value in a column of the same field: which of the two is theirs, nobody has decided. */
  noteSecond(column: string): void;
}

/** Decides columns by what was said of them, by their names, and by the names of own fields; counts the rest. */
export function createColumns({ map, drop, ownFields }: ColumnRules): Columns & NotedColumns {
  const unknown = new Map<string, number>();
  const decided = new Map<string, string | null>();
  const decide = (column: string): string | null | undefined => {
    if (Object.hasOwn(map, column)) return map[column];
    if (drop.includes(column)) return null;
    const known = knownFieldOf(column);
    // A column that somebody mapped takes the place of the one that has the field's name.
    if (known) return Object.values(map).includes(known) ? undefined : known;
    return ownFields.find((field) => field === toFieldName(column));
  };
  return {
    fieldOf(name) {
      const known = decided.get(name);
      if (known !== undefined) return known;
      const column = shorten(name);
      if (!decided.has(column)) {
        const field = decide(column);
        if (field === undefined) unknown.set(column, 0);
        decided.set(column, field ?? null);
      }
      return decided.get(column) ?? null;
    },
    note(name) {
      const column = shorten(name);
      const filled = unknown.get(column);
      if (filled !== undefined) unknown.set(column, filled + 1);
    },
    noteSecond(name) {
      const column = shorten(name);
      unknown.set(column, (unknown.get(column) ?? 0) + 1);
    },
    told: () => [...new Set(decided.values())].filter((field) => field !== null),
    missing: () =>
      [...Object.entries(map).flatMap(([column, field]) => (field === "id" ? [] : [column])), ...drop].filter(
        (column) => !decided.has(column),
      ),
    undecided: () =>
      [...unknown].map(([column, filled]) => ({ column, filled, isSecond: decided.get(column) !== null })),
  };
}
