import type { UuidKey } from "./sources/sql-reader.ts";

/** People who are read, judged and written at once: with more of them what they were read into lives so long that clearing it away costs more. */
export const batch = 1_000;

/** A person as another system has them: texts by column, null for what is empty there. */
export interface OldRow {
  readonly oldId: string;
  readonly values: Readonly<Record<string, string | null>>;
  /** Groups by name. */
  readonly groups: readonly string[];
  /** Of {@link OldRow.groups} there, those that would be called here as another one is: nobody gets into them. */
  readonly ambiguousGroups?: readonly string[];
  readonly permissions: readonly OldPermission[];
}

/** A permission by its name there: `codename` in the app of `model`. */
export interface OldPermission {
  readonly app: string;
  readonly codename: string;
  /** What it is about; empty where the source does not say. */
  readonly model: string;
}

/** A permission there that would be called here as another one is: nobody gets it. */
export interface AmbiguousPermission {
  /** `app.codename` as there. */
  readonly permission: string;
  /** What it would be here, and another one of there is. */
  readonly name: string;
}

export interface OldGroup {
  readonly name: string;
  readonly permissions: readonly OldPermission[];
}

/** A table over there whose rows point at people; names as they are written in SQL there. */
export interface ForeignKey {
  readonly table: string;
  readonly column: string;
  /** The column in which the ids of here can stand beside it. */
  readonly follower: string;
  /** Where it holds something else of people than their ids, such as a username: what that is. */
  readonly by: { readonly users: string; readonly key: string; readonly column: string } | null;
  readonly rows: number;
}

/** A refresh token that its system takes no more; the time as the source writes it. */
export interface EndedToken {
  readonly id: string;
  readonly expiresAt: string;
}

/** Whose SQL is written for a source. */
export type Dialect = "postgres" | "mysql" | "sqlite";

/** Everybody in another system, as of one moment. It is read once, from beginning to end, and never written. */
export interface Source {
  /** For a person, without a password: `shop_user in postgres://…`. */
  readonly place: string;
  /** The source's own clock when the reading began. */
  readonly startedAt: Date;
  readonly groups: readonly OldGroup[];
  /** All that there are. */
  readonly permissions: readonly OldPermission[];
  /** Left out of {@link Source.permissions}, and of everybody's. */
  readonly ambiguousPermissions: readonly AmbiguousPermission[];
  readonly foreignKeys: readonly ForeignKey[];
  /** What it says of people beside their columns. */
  readonly fieldsBeside: readonly ("groups" | "permissions")[];
  /** Null for a file. */
  readonly dialect: Dialect | null;
  /** How the ids of people are stored there, where they are UUIDs. */
  readonly uuidKey: UuidKey;
  /** Tokens that were ended there before their time, in batches, by their `jti`; null where the source does not say. */
  readonly blacklist: (() => AsyncIterable<readonly EndedToken[]>) | null;
  /** Batches of people. */
  read(): AsyncIterable<readonly OldRow[]>;
  close(): Promise<void>;
}

/** What another system says that cannot be understood at all: the command ends with one line. */
export class SourceError extends Error {
  readonly exitCode: 2 | 3;

  /** @param exitCode 2 where the command or its input is wrong, 3 where the source is away */
  constructor(message: string, exitCode: 2 | 3 = 2) {
    super(message);
    this.name = "SourceError";
    this.exitCode = exitCode;
  }
}
