import type { Auth } from "./auth.ts";
import type { WithoutTimeout } from "./bind-flows.ts";
import type { Config } from "./config.ts";
import { checkHealth, refuseFaults } from "./flows/maintenance/check-health.ts";
import { prepareKeys } from "./flows/maintenance/prepare-keys.ts";
import { purge } from "./flows/maintenance/purge.ts";
import { requireAliases } from "./flows/maintenance/require-aliases.ts";
import { syncPermissions } from "./flows/maintenance/sync-permissions.ts";
import type { Core } from "./flows/steps/core.ts";
import { readPasswordLists } from "./passwords/policy.ts";
import { fingerprintOf } from "./secrets.ts";
import { backUp } from "./storage/back-up.ts";
import {
  type DatabaseOptions,
  givenPool,
  isShared,
  type Queries,
  type Storage,
  withoutStatementTimeout,
} from "./storage/database.ts";
import { requireUsablePool } from "./storage/given-pool.ts";
import { findForgetfulPooler } from "./storage/inspect-database.ts";
import { migrate, migrateOnly, requireMigrated } from "./storage/migrate.ts";
import { buildOnlineIndexes, isLongUnderWay, listMissingIndexes } from "./storage/online-indexes.ts";
import { restore } from "./storage/restore.ts";
import { refuseHalfRestored } from "./storage/restore-mark.ts";
import { indexesOf } from "./users/profile.ts";

type LifecycleMethod =
  | "initialize"
  | "migrate"
  | "requireMigrated"
  | "buildIndexes"
  | "syncPermissions"
  | "purge"
  | "backUp"
  | "restore"
  | "checkHealth"
  | "ping"
  | "load"
  | "rejectQueuedHashes"
  | "close";

interface LifecycleOptions {
  readonly core: Core;
  readonly database: DatabaseOptions;
  readonly storage: Storage;
  readonly withoutTimeout: WithoutTimeout;
}

/** From the first connection to the last: what starts the core on a database, keeps that in order, and ends it. */
export function createLifecycle({
  core,
  database,
  storage,
  withoutTimeout,
}: LifecycleOptions): Pick<Auth<Config>, LifecycleMethod> {
  const { options } = core;
  const given = givenPool(database);
  const requireDatabase = async () => {
    if (given) await requireUsablePool(given, isShared(database));
  };
  // Building them takes a lock of the connection, which a pooler would hand to somebody else.
  const buildIndexes = async (db: Queries) =>
    isShared(database) ? [] : buildOnlineIndexes(db, indexesOf(core.profile));
  return {
    migrate: async ({ only } = {}) => {
      await requireDatabase();
      return withoutStatementTimeout(database, async (db) => {
        if (only) return migrateOnly(db, only);
        await refuseHalfRestored(db);
        const ran = await migrate(db);
        await buildIndexes(db);
        return ran;
      });
    },
    buildIndexes: () =>
      withoutStatementTimeout(database, async (db) => {
        await buildIndexes(db);
        return listMissingIndexes(db, indexesOf(core.profile));
      }),
    requireMigrated: () => withoutStatementTimeout(database, (db) => requireMigrated(db)),
    initialize: async ({ migrations = "auto", mode = "all" } = {}) => {
      await requireDatabase();
      await withoutStatementTimeout(database, async (db) => {
        await refuseHalfRestored(db);
        if (migrations === "auto") await migrate(db);
        if (migrations === "check") await requireMigrated(db);
        await refuseFaults(db);
        await requireAliases({ ...core, db });
        if (migrations === "auto") await buildIndexes(db);
      });
      const told = await prepareKeys(core, mode);
      if (mode === "nothing") return findForgetfulPooler(storage);
      await syncPermissions(core, { prune: false });
      // Nobody waits for them; what cannot be read now is read when it is needed.
      readPasswordLists().catch(() => {});
      await core.webhooks.register();
      core.webhooks.start();
      await core.auditWorker.start();
      const hasSenders = Object.values(options.messages.senders).some(Boolean);
      if (hasSenders || options.on.noticeKept) core.outbox.start();
      return [...told, ...(await findForgetfulPooler(storage))];
    },
    // With every grant of what is pruned.
    syncPermissions: (input) => withoutTimeout((unhurriedCore) => syncPermissions(unhurriedCore, input)),
    purge: () =>
      withoutTimeout(async (unhurriedCore) => {
        try {
          return await purge(unhurriedCore);
        } finally {
          if (!(await isLongUnderWay(unhurriedCore.db))) await buildIndexes(unhurriedCore.db);
        }
      }),
    backUp: ({ schemas }) =>
      backUp(database, {
        schemas,
        secret: fingerprintOf(options.secrets[0]),
        findSealers: (keys) =>
          core.keyRing.findSealers(keys).map((place) => fingerprintOf(options.secrets[place] ?? options.secrets[0])),
      }),
    restore: (source, { acceptAnotherSecret = false, replacesOwnTables = false, makeTables }) =>
      restore(database, source, {
        ...{ replacesOwnTables, makeTables },
        secrets: acceptAnotherSecret ? null : options.secrets.map(fingerprintOf),
      }),
    checkHealth: (reader) => withoutTimeout((unhurriedCore) => checkHealth(unhurriedCore, storage, reader)),
    ping: async () => {
      const { rows } = await storage.pool.query<{ takesWrites: boolean }>(takesWrites);
      return { takesWrites: rows[0]?.takesWrites ?? false };
    },
    load: () => ({
      hashes: core.passwords.load(),
      connections: {
        open: storage.pool.totalCount,
        idle: storage.pool.idleCount,
        waiting: storage.pool.waitingCount,
      },
    }),
    rejectQueuedHashes: () => {
      core.refusalDelay.end();
      core.passwords.close();
    },
    close: async () => {
      core.refusalDelay.end();
      await Promise.all([core.outbox.stop(), core.webhooks.stop(), core.auditWorker.stop()]);
      await storage.close();
    },
  };
}

/** An address may lead to another server than before, behind a pooler also on the same connection. */
const takesWrites = `
  select not pg_catalog.pg_is_in_recovery() and pg_catalog.current_setting('transaction_read_only') operator(pg_catalog.=) 'off'
    as "takesWrites"`;
