import { CompiledQuery } from "kysely";
import { AuthError, isHookRefusal } from "../errors.ts";
import { isStatementTimeout, isStorageUnavailable, type Queries } from "../storage/database.ts";
import { asGuest } from "../storage/lent-transaction.ts";
import type { HookTransaction } from "./hooks.ts";

/** Milliseconds that a hook has. */
const hookTimeout = 500;

/**
 * Runs a hook in a transaction, on which it holds nothing any more afterwards.
 *
 * @throws AuthError `refused_by_hook`, `hook_failed`
 */
export async function runHook(
  transaction: Queries,
  hook: (transaction: HookTransaction) => void | Promise<void>,
): Promise<void> {
  const lent = lend(transaction);
  const guest = { isOver: false };
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`The hook took longer than ${hookTimeout} ms`)), hookTimeout);
  try {
    await Promise.race([asGuest(guest, async () => hook(lent.transaction)), tooLate]);
    lent.end();
    await lent.settle();
    // What the hook has left for later may call; what goes on after its time may not.
    guest.isOver = true;
  } catch (error) {
    lent.end();
    throw toRefusal(error);
  } finally {
    clearTimeout(timer);
  }
}

function toRefusal(cause: unknown): unknown {
  if (isHookRefusal(cause)) return new AuthError("refused_by_hook", cause.message, { cause });
  if (isStorageUnavailable(cause) && !isStatementTimeout(cause)) return cause;
  return new AuthError("hook_failed", "A rule of this service could not be checked: nothing was changed", { cause });
}

/** What would end a transaction that is not the hook's. */
const transactionCommands = /^\s*(begin|start|commit|end|rollback|abort|prepare|savepoint|release)\b/i;

interface Lent {
  readonly transaction: HookTransaction;
  end(): void;
  /** Waits for what is under way, and throws what failed: PostgreSQL does nothing more in a transaction in which a statement failed. */
  settle(): Promise<void>;
}

function lend(transaction: Queries): Lent {
  const db = transaction.withoutPlugins();
  const run = async <Row>(text: string, values: readonly unknown[]) =>
    (await db.executeQuery(CompiledQuery.raw(text, [...values]) as CompiledQuery<Row>)).rows;
  let isOver = false;
  let timeoutBefore: Promise<string> | undefined;
  const statements: Promise<unknown>[] = [];

  /** So that PostgreSQL gives up what the hook has no time to wait for. */
  async function limitStatements(): Promise<string> {
    const [row] = await run<{ before: string }>(
      `with known as materialized (select current_setting('statement_timeout') as before)
        select before, set_config('statement_timeout', $1, true) from known`,
      [String(hookTimeout)],
    );
    return row?.before ?? "0";
  }

  async function query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<{ rows: Row[] }> {
    if (isOver) throw new Error("The hook has answered: its transaction is over");
    if (transactionCommands.test(text)) throw new Error("A hook neither begins nor ends a transaction");
    timeoutBefore ??= limitStatements();
    await timeoutBefore;
    return { rows: await run<Row>(text, values) };
  }

  return {
    transaction: {
      query: (text, values) => {
        const statement = query(text, values);
        statements.push(statement);
        statement.catch(() => {});
        return statement as never;
      },
    },
    end: () => {
      isOver = true;
    },
    async settle() {
      await Promise.all(statements);
      if (timeoutBefore) await run("select set_config('statement_timeout', $1, true)", [await timeoutBefore]);
    },
  };
}
