/** The transaction of what a hook is told, over by the time the hook has answered. */
export interface HookTransaction {
  /**
   * One statement, with `$1`, `$2`, … for values. Name tables with their schema: the connection looks for nothing in `public`. A statement
   * that fails undoes the whole transaction, whatever the hook makes of it.
   *
   * @example
   * await transaction.query("insert into shop.customers (id) values ($1)", [user.id]);
   */
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Row[] }>;
}

/** What every hook is told beside what happened. */
export interface HookEvent {
  readonly transaction: HookTransaction;
  /** Where the call came from that did it; null on the command line. */
  readonly request: {
    readonly requestId: string | null;
    readonly address: string | null;
    readonly userAgent: string | null;
  } | null;
}

type Awaitable = void | Promise<void>;

/**
 * What a team is told of people. A hook runs within 500 ms in the transaction of what it tells: one that throws or takes longer undoes
 * it, and the caller is refused with `refused_by_hook` (after a `HookRefusal`, with its message) or `hook_failed`.
 *
 * A transaction that the database gives up for the sake of others at the same moment is run again, and its hook with it: its queries are
 * undone before, whatever else it does is not.
 *
 * What must not be prevented is told when it has happened, in a transaction of the hook's own: resets of passwords, disabling and
 * deletion. A failure then undoes what the hook did and goes to `onError`.
 */
export interface Hooks<User> {
  /** An account was made: by its owner, who is signed in with it, by an administrator, or by the operator. */
  userCreated?(
    event: HookEvent & {
      readonly user: User;
      readonly by: "registration" | "administrator" | "command_line" | "import";
    },
  ): Awaitable;
  /**
   * Fields, names or ranks were changed. Told afterwards when the account is disabled by it. By `another_person`, a number or an address was
   * taken from the account, because they have proved it; the account that has it from then on is told of next.
   */
  userUpdated?(
    event: HookEvent & {
      readonly user: User;
      /** The names of what was given, whether or not it was the same before. */
      readonly fields: readonly string[];
      readonly by: "owner" | "another_person" | "administrator" | "command_line";
    },
  ): Awaitable;
  /** Told afterwards, with the user as they were. */
  userDeleted?(event: HookEvent & { readonly user: User }): Awaitable;
  /** Somebody signed in, in whatever way. A registration tells `userCreated` alone. */
  signedIn?(
    event: HookEvent & { readonly user: User; readonly session: { readonly id: string; readonly expiresAt: Date } },
  ): Awaitable;
  /** The owner changed it; or, told afterwards, it was reset by a code or by the operator. */
  passwordChanged?(
    event: HookEvent & { readonly user: User; readonly by: "owner" | "code" | "command_line" },
  ): Awaitable;
  /**
   * Somebody is to know what was done to their account: a notice is in their list, and on its way to each number and address that they have
   * proved. Told some seconds afterwards, by one process, and three times at most where it fails.
   */
  noticeKept?(
    event: HookEvent & {
      readonly user: User;
      /** `kind` is one of `noticeKinds`. */
      readonly notice: { readonly id: string; readonly kind: string; readonly createdAt: Date };
    },
  ): Awaitable;
}

export type HookName = keyof Hooks<unknown>;
