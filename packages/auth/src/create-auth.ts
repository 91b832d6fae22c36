import type { Auth } from "./auth.ts";
import type { Config, ConfigOf } from "./config.ts";
import { createCore } from "./core.ts";
import { endSessionsOf, listSessionsOf } from "./flows/administer-sessions.ts";
import { createAccount, deleteUser, getUser, setGroups, setPermissions, updateUser } from "./flows/administer-users.ts";
import { authenticate } from "./flows/authenticate.ts";
import { authorize, findPermissions } from "./flows/authorize.ts";
import { changePassword } from "./flows/change-password.ts";
import type { Core } from "./flows/core.ts";
import { createUser } from "./flows/create-user.ts";
import { declarePermissions } from "./flows/declare-permissions.ts";
import { examine, refuseFaults } from "./flows/examine.ts";
import { inspectToken } from "./flows/inspect-token.ts";
import { createPasswordCode } from "./flows/issue-password-code.ts";
import { learnHashCosts } from "./flows/learn-hash-costs.ts";
import { listAuditEvents } from "./flows/list-audit-events.ts";
import { listUsers } from "./flows/list-users.ts";
import { login } from "./flows/login.ts";
import { logout } from "./flows/logout.ts";
import { createGroup, deleteGroup, getGroup, listGroups, updateGroup } from "./flows/manage-groups.ts";
import { listSessions, revokeOtherSessions, revokeSession } from "./flows/manage-sessions.ts";
import {
  changePasswordOf,
  createGroupAsOperator,
  createPasswordCodeNamed,
  deleteGroupNamed,
  deleteUserNamed,
  endSessionsNamed,
  grantTo,
  listSessionsNamed,
  revokeFrom,
  unlock,
  updateGroupNamed,
  updateUserNamed,
} from "./flows/operate.ts";
import { purge } from "./flows/purge.ts";
import {
  completeImportRound,
  linkImportedUser,
  listPeopleWithoutAccount,
  recordImportedUsers,
  startImportRound,
} from "./flows/record-imported-users.ts";
import { refresh } from "./flows/refresh.ts";
import { register } from "./flows/register.ts";
import { resetPassword } from "./flows/reset-password.ts";
import { rotateKeys } from "./flows/rotate-keys.ts";
import { syncPermissions } from "./flows/sync-permissions.ts";
import { unlockUser } from "./flows/unlock-user.ts";
import { updateProfile } from "./flows/update-profile.ts";
import { type AuthOptions, resolveOptions } from "./options.ts";
import { deriveKey } from "./secrets.ts";
import { backUp } from "./storage/back-up.ts";
import { type DatabaseOptions, openStorage, withoutHaste } from "./storage/database.ts";
import { migrate, migrateOnly, requireMigrated } from "./storage/migrate.ts";
import { buildOnlineIndexes } from "./storage/online-indexes.ts";
import { restore } from "./storage/restore.ts";
import { indexesOf, type NoFields, type ProfileFields } from "./users/profile.ts";

/**
 * Puts the core together on a database. Nothing is connected or changed until it is used; call `prepare()` once at the start of a
 * process.
 *
 * @throws ZodError or StartError for options that cannot be
 * @example
 * const auth = createAuth({ connectionString }, { secret });
 * await auth.prepare();
 * const { token } = await auth.login({ username: "alice", password }, facts);
 */
export function createAuth<
  const Fields extends ProfileFields = NoFields,
  const Declared extends readonly string[] = readonly [],
>(database: DatabaseOptions, authOptions: AuthOptions<Fields, Declared>): Auth<ConfigOf<Fields, Declared>> {
  const options = resolveOptions(authOptions);
  const storage = openStorage(database);
  const core = createCore(storage, options);
  const auth: Auth<Config> = {
    profile: options.profile,
    permissions: options.permissions,
    options: { tokens: options.tokens },
    pool: storage.pool,
    ...bind(core, {
      login,
      refresh,
      logout,
      register,
      resetPassword,
      authenticate,
      inspectToken,
      findPermissions,
      authorize,
      updateProfile,
      changePassword,
      listSessions,
      revokeSession,
      revokeOtherSessions,
      createUser,
      listAuditEvents,
      declarePermissions,
      syncPermissions,
      rotateKeys,
    }),
    users: bind(core, {
      list: listUsers,
      get: getUser,
      create: createAccount,
      update: updateUser,
      delete: deleteUser,
      setGroups,
      setPermissions,
      unlock: unlockUser,
      createPasswordCode,
      listSessions: listSessionsOf,
      endSessions: endSessionsOf,
    }),
    groups: bind(core, {
      list: listGroups,
      get: getGroup,
      create: createGroup,
      update: updateGroup,
      delete: deleteGroup,
    }),
    importedUsers: {
      ...bind(core, {
        startRound: startImportRound,
        record: recordImportedUsers,
        link: linkImportedUser,
        listWithoutAccount: listPeopleWithoutAccount,
      }),
      completeRound: (round, input) =>
        withoutHaste(database, (db) => completeImportRound({ ...core, db }, round, input)),
    },
    operator: bind(core, {
      changePassword: changePasswordOf,
      grant: grantTo,
      revoke: revokeFrom,
      unlock,
      update: updateUserNamed,
      delete: deleteUserNamed,
      createGroup: createGroupAsOperator,
      updateGroup: updateGroupNamed,
      deleteGroup: deleteGroupNamed,
      createPasswordCode: createPasswordCodeNamed,
      listSessions: listSessionsNamed,
      endSessions: endSessionsNamed,
    }),
    publicKeys: () => core.keyRing.publicKeys(),
    verificationKeys: () => core.keyRing.verificationKeys(),
    learnHashCosts: () => withoutHaste(database, (db) => learnHashCosts(core, db)),
    purge: () =>
      withoutHaste(database, async (db) => {
        const purged = await purge({ ...core, db });
        await buildOnlineIndexes(db, indexesOf(core.profile));
        return purged;
      }),
    backUp: ({ schemas }) => backUp(database, { schemas, secret: fingerprint(options.secret) }),
    restore: (source, { acceptAnotherSecret = false, ...rest }) =>
      restore(database, source, { ...rest, secret: acceptAnotherSecret ? null : fingerprint(options.secret) }),
    migrate: ({ only } = {}) =>
      withoutHaste(database, async (db) => {
        if (only) return migrateOnly(db, only);
        const ran = await migrate(db);
        await buildOnlineIndexes(db, indexesOf(core.profile));
        return ran;
      }),
    requireMigrated: () => withoutHaste(database, (db) => requireMigrated(db)),
    prepare: async ({ migrations = "auto" } = {}) => {
      await withoutHaste(database, async (db) => {
        if (migrations === "auto") await migrate(db);
        if (migrations === "check") await requireMigrated(db);
        await refuseFaults(db);
        if (migrations === "auto") await buildOnlineIndexes(db, indexesOf(core.profile));
      });
      await core.keyRing.prepare();
      await syncPermissions(core, { prune: false });
    },
    examine: () => withoutHaste(database, (db) => examine({ ...core, db }, storage.pool)),
    ping: async () => {
      await storage.pool.query("select");
    },
    load: () => ({
      hashes: core.passwords.load(),
      connections: {
        open: storage.pool.totalCount,
        idle: storage.pool.idleCount,
        waiting: storage.pool.waitingCount,
      },
    }),
    refuseWaiting: () => core.passwords.close(),
    close: () => storage.close(),
  };
  // What is read and taken by `options.profile` is what the type says: the flows themselves know the built-in fields alone.
  return auth as Auth<ConfigOf<Fields, Declared>>;
}

/** Enough to know a secret again, and nothing that is of use without it. */
const fingerprint = (secret: string) => deriveKey(secret, "backups").toString("hex").slice(0, 16);

type Bound<Flow> = Flow extends (core: Core, ...rest: infer Rest) => infer Answer ? (...rest: Rest) => Answer : never;

/** Hands the core to every flow. */
function bind<Flows extends Readonly<Record<string, unknown>>>(
  core: Core,
  flows: Flows,
): { readonly [Name in keyof Flows]: Bound<Flows[Name]> } {
  const entries = Object.entries(flows as Readonly<Record<string, (core: Core, ...rest: unknown[]) => unknown>>);
  const bound = entries.map(([name, flow]) => [name, (...rest: unknown[]) => flow(core, ...rest)]);
  return Object.fromEntries(bound);
}
