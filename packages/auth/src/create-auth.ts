import type { Auth } from "./auth.ts";
import type { Config, ConfigOf } from "./config.ts";
import { createCore } from "./core.ts";
import { changePassword } from "./flows/account/change-password.ts";
import { listOwnConsents } from "./flows/account/consents.ts";
import { deleteOwnAccount } from "./flows/account/delete-account.ts";
import { exportOwnData } from "./flows/account/export-own-data.ts";
import { listOwnNotices, markOwnNoticesRead } from "./flows/account/notices.ts";
import { confirmOwnName, removeOwnName, startOwnName } from "./flows/account/own-name.ts";
import {
  addPasskey,
  listOwnPasskeys,
  removePasskey,
  renameOwnPasskey,
  startPasskey,
} from "./flows/account/passkeys.ts";
import { listPendingChanges, stopPendingChange, stopPendingChanges } from "./flows/account/pending-changes.ts";
import {
  reauthenticate,
  reauthenticateByCode,
  requireRecentAuthentication,
  requireToAdminister,
  startReauthentication,
} from "./flows/account/reauthenticate.ts";
import { reauthenticateByPasskey, startPasskeyReauthentication } from "./flows/account/reauthenticate-by-passkey.ts";
import { createRecoveryCodes, readOwnRecoveryCodes, stopRecoveryCodes } from "./flows/account/recovery-codes.ts";
import { endRememberedDevice, listOwnRememberedDevices } from "./flows/account/remembered-devices.ts";
import { removeOtherFactors } from "./flows/account/remove-other-factors.ts";
import { forgetDevices, listSessions, revokeOtherSessions, revokeSession } from "./flows/account/sessions.ts";
import { confirmTotp, getTotp, removeTotp, startTotp } from "./flows/account/totp.ts";
import { updateProfile } from "./flows/account/update-profile.ts";
import { listAuditEvents } from "./flows/administration/audit-events.ts";
import { createUser } from "./flows/administration/create-user.ts";
import { declarePermissions } from "./flows/administration/declare-permissions.ts";
import { endAllSessions } from "./flows/administration/end-all-sessions.ts";
import { createGroup, deleteGroup, getGroup, listGroups, updateGroup } from "./flows/administration/groups.ts";
import { listImportedUsers } from "./flows/administration/list-imported-users.ts";
import { listUsers } from "./flows/administration/list-users.ts";
import {
  createGroupAsOperator,
  createPasswordCodeNamed,
  deleteGroupNamed,
  deleteUserNamed,
  endSessionsNamed,
  exportUserNamed,
  grant,
  listPendingChangesNamed,
  listSessionsNamed,
  requirePasswordChangeNamed,
  resetSecondFactorNamed,
  revoke,
  setPassword,
  stopPendingChangeNamed,
  unlock,
  updateGroupNamed,
  updateUserNamed,
} from "./flows/administration/operator.ts";
import {
  completeImportRound,
  linkImportedUser,
  listPeopleWithoutAccount,
  recordImportedUsers,
  startImportRound,
} from "./flows/administration/record-imported-users.ts";
import { requirePasswordChange } from "./flows/administration/require-password-change.ts";
import { resetSecondFactor } from "./flows/administration/reset-second-factor.ts";
import { readServiceOverview } from "./flows/administration/service-overview.ts";
import { listSigningKeys } from "./flows/administration/signing-keys.ts";
import { unlockUser } from "./flows/administration/unlock-user.ts";
import { listChangesOf, stopChangeOf } from "./flows/administration/user-changes.ts";
import { endSessionsOf, listSessionsOf } from "./flows/administration/user-sessions.ts";
import {
  createAccount,
  deleteUser,
  getUser,
  setGroups,
  setPermissions,
  updateUser,
} from "./flows/administration/users.ts";
import { getWaysIn } from "./flows/administration/ways-in.ts";
import { authenticate } from "./flows/authentication/authenticate.ts";
import { authorize } from "./flows/authentication/authorize.ts";
import { exchangeToken } from "./flows/authentication/exchange-token.ts";
import { inspectToken } from "./flows/authentication/inspect-token.ts";
import { recordDenial } from "./flows/authentication/record-denial.ts";
import { applyDueChanges } from "./flows/maintenance/apply-changes.ts";
import { checkHealth, refuseFaults } from "./flows/maintenance/check-health.ts";
import { exportErasures, replayErasures } from "./flows/maintenance/erasures.ts";
import { measureHashCosts } from "./flows/maintenance/measure-hash-costs.ts";
import { prepareKeys } from "./flows/maintenance/prepare-keys.ts";
import { purge } from "./flows/maintenance/purge.ts";
import { readMessageHistory, reportMessages } from "./flows/maintenance/report-messages.ts";
import { requireAliases } from "./flows/maintenance/require-aliases.ts";
import { reseal } from "./flows/maintenance/reseal.ts";
import { rotateDueKeys, rotateKeys } from "./flows/maintenance/rotate-keys.ts";
import { syncPermissions } from "./flows/maintenance/sync-permissions.ts";
import { verifyAudit } from "./flows/maintenance/verify-audit.ts";
import { holdReset } from "./flows/sign-in/hold-reset.ts";
import { recover, recoverByPasskey, startRecovery, startRecoveryPasskey } from "./flows/sign-in/recover.ts";
import { refresh } from "./flows/sign-in/refresh.ts";
import { register } from "./flows/sign-in/register.ts";
import { resendCode } from "./flows/sign-in/resend-code.ts";
import { resetPassword, resetPasswordByCode } from "./flows/sign-in/reset-password.ts";
import { login } from "./flows/sign-in/sign-in.ts";
import { signInByCode } from "./flows/sign-in/sign-in-by-code.ts";
import { signInByNewPassword } from "./flows/sign-in/sign-in-by-new-password.ts";
import { signInByPasskey, startPasskeySignIn } from "./flows/sign-in/sign-in-by-passkey.ts";
import { signInByRedirect, startRedirect } from "./flows/sign-in/sign-in-by-redirect.ts";
import {
  signInBySecondFactor,
  startEnrolling,
  startEnrollingPasskey,
  startSecondFactorPasskey,
} from "./flows/sign-in/sign-in-by-second-factor.ts";
import { logout } from "./flows/sign-in/sign-out.ts";
import { startCode, startReset } from "./flows/sign-in/start-code.ts";
import type { Core } from "./flows/steps/core.ts";
import { findPermissions } from "./flows/steps/held-permissions.ts";
import { listActivity } from "./flows/steps/list-activity.ts";
import { createPasswordCode } from "./flows/steps/password-code.ts";
import { readQueues } from "./flows/steps/read-queues.ts";
import { type AuthOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { listRelatedOrigins } from "./passkeys/relying-party.ts";
import { fingerprintOf } from "./secrets.ts";
import { joinDatabase } from "./storage/after-commit.ts";
import { backUp } from "./storage/back-up.ts";
import {
  type DatabaseOptions,
  isShared,
  openStorage,
  type Queries,
  withoutStatementTimeout,
} from "./storage/database.ts";
import { findForgetfulPooler } from "./storage/inspect-database.ts";
import { migrate, migrateOnly, requireMigrated } from "./storage/migrate.ts";
import { buildOnlineIndexes, isLongUnderWay, listMissingIndexes } from "./storage/online-indexes.ts";
import { restore } from "./storage/restore.ts";
import { refuseHalfRestored } from "./storage/restore-mark.ts";
import { indexesOf, type NoFields, type ProfileFields } from "./users/profile.ts";
import { listUndelivered, queueAgain, reportEndpoints } from "./webhooks/webhook-store.ts";

/**
 * Puts the core together on a database. Nothing is connected or changed until it is used; call `initialize()` once at the start of a
 * process.
 *
 * @throws ZodError or StartError for options that cannot be
 * @example
 * const auth = createAuth({ connectionString }, { secret });
 * await auth.initialize();
 * const { token } = await auth.login({ username: "alice", password }, facts);
 */
export function createAuth<
  const Fields extends ProfileFields = NoFields,
  const Declared extends readonly string[] = readonly [],
>(database: DatabaseOptions, authOptions: AuthOptions<Fields, Declared>): Auth<ConfigOf<Fields, Declared>> {
  const options = resolveOptions(authOptions);
  const storage = openStorage(database);
  const core = createCore(storage, options);
  // Building them takes a lock of the connection, which a pooler would hand to somebody else.
  const buildIndexes = async (db: Queries) =>
    isShared(database) ? [] : buildOnlineIndexes(db, indexesOf(core.profile));
  /** For work that nobody waits for. What it writes is told of as any other. */
  const withoutTimeout = <T>(work: (unhurriedCore: Core) => Promise<T>): Promise<T> =>
    withoutStatementTimeout(database, (db) => {
      joinDatabase(storage.db, db);
      return work({ ...core, db });
    });
  const auth: Auth<Config> = {
    profile: options.profile,
    permissions: options.permissions,
    options: {
      tokens: options.tokens,
      oldTokensUntil: options.django?.acceptTokensUntil ?? null,
      codes: describeCodes(options),
      passkeys: describePasskeys(options),
    },
    pool: storage.pool,
    ...bind(core, {
      login,
      startCode,
      resendCode,
      signInByCode,
      signInByNewPassword,
      signInBySecondFactor,
      startEnrolling,
      startSecondFactorPasskey,
      startEnrollingPasskey,
      startPasskeySignIn,
      signInByPasskey,
      startRedirect,
      signInByRedirect,
      refresh,
      logout,
      register,
      startReset,
      resetPassword,
      resetPasswordByCode,
      holdReset,
      startRecovery,
      recover,
      startRecoveryPasskey,
      recoverByPasskey,
      authenticate,
      inspectToken,
      exchangeToken,
      findPermissions,
      authorize,
      recordDenial,
      updateProfile,
      changePassword,
      startReauthentication,
      reauthenticate,
      reauthenticateByCode,
      requireRecentAuthentication,
      requireToAdminister,
      getTotp,
      startTotp,
      confirmTotp,
      removeTotp,
      listPasskeys: listOwnPasskeys,
      startPasskey,
      addPasskey,
      renamePasskey: renameOwnPasskey,
      removePasskey,
      removeOtherFactors,
      startPasskeyReauthentication,
      reauthenticateByPasskey,
      startOwnName,
      confirmOwnName,
      removeOwnName,
      listPendingChanges,
      stopPendingChange,
      stopPendingChanges,
      createRecoveryCodes,
      readRecoveryCodes: readOwnRecoveryCodes,
      stopRecoveryCodes,
      listSessions,
      revokeSession,
      revokeOtherSessions,
      forgetDevices,
      listRememberedDevices: listOwnRememberedDevices,
      endRememberedDevice,
      listActivity,
      listNotices: listOwnNotices,
      markNoticesRead: markOwnNoticesRead,
      listConsents: listOwnConsents,
      exportOwnData,
      deleteOwnAccount,
      createUser,
      listAuditEvents,
      declarePermissions,
      rotateKeys,
      listSigningKeys,
      rotateDueKeys,
      reseal,
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
      requirePasswordChange,
      resetSecondFactor,
      listPendingChanges: listChangesOf,
      stopPendingChange: stopChangeOf,
      getWaysIn,
      listImported: listImportedUsers,
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
        withoutTimeout((unhurriedCore) => completeImportRound(unhurriedCore, round, input)),
    },
    operator: {
      ...bind(core, {
        changePassword: setPassword,
        grant: grant,
        revoke: revoke,
        unlock,
        update: updateUserNamed,
        delete: deleteUserNamed,
        createGroup: createGroupAsOperator,
        updateGroup: updateGroupNamed,
        deleteGroup: deleteGroupNamed,
        createPasswordCode: createPasswordCodeNamed,
        listSessions: listSessionsNamed,
        exportUser: exportUserNamed,
        endSessions: endSessionsNamed,
        requirePasswordChange: requirePasswordChangeNamed,
        resetSecondFactor: resetSecondFactorNamed,
        exportErasures,
        replayErasures,
        listPendingChanges: listPendingChangesNamed,
        stopPendingChange: stopPendingChangeNamed,
      }),
      endAllSessions: (input) => withoutTimeout((unhurriedCore) => endAllSessions(unhurriedCore, input)),
    },
    // With every grant of what is pruned.
    syncPermissions: (input) => withoutTimeout((unhurriedCore) => syncPermissions(unhurriedCore, input)),
    publicKeys: () => core.keyRing.publicKeys(),
    verificationKeys: () => core.keyRing.verificationKeys(),
    measureHashCosts: () => withoutTimeout(({ db }) => measureHashCosts(core, db)),
    applyDueChanges: () => withoutTimeout(applyDueChanges),
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
    migrate: ({ only } = {}) =>
      withoutStatementTimeout(database, async (db) => {
        if (only) return migrateOnly(db, only);
        await refuseHalfRestored(db);
        const ran = await migrate(db);
        await buildIndexes(db);
        return ran;
      }),
    buildIndexes: () =>
      withoutStatementTimeout(database, async (db) => {
        await buildIndexes(db);
        return listMissingIndexes(db, indexesOf(core.profile));
      }),
    requireMigrated: () => withoutStatementTimeout(database, (db) => requireMigrated(db)),
    initialize: async ({ migrations = "auto", mode = "all" } = {}) => {
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
      await core.webhooks.register();
      core.webhooks.start();
      await core.auditWorker.start();
      const hasSenders = Object.values(options.messages.senders).some(Boolean);
      if (hasSenders || options.on.noticeKept) core.outbox.start();
      return [...told, ...(await findForgetfulPooler(storage))];
    },
    receiveDelivery: (receipt) => core.outbox.receive(receipt),
    reportMessages: () => reportMessages(core),
    readMessageHistory: (input) => readMessageHistory(core, input),
    readQueues: () => readQueues(core.db),
    readServiceOverview: () => readServiceOverview(core),
    sendDueMessages: () => core.outbox.drain(),
    deliverDueWebhooks: () => core.webhooks.drain(),
    reportWebhooks: ({ limit }) =>
      Promise.all([reportEndpoints(core.db), listUndelivered(core.db, limit)]).then(([endpoints, undelivered]) => ({
        endpoints,
        undelivered,
      })),
    async resendWebhooks({ id }) {
      const count = await queueAgain(core.db, id ?? null);
      core.webhooks.wake();
      return count;
    },
    sealAudit: () => core.auditWorker.drain(),
    verifyAudit: (input) => withoutTimeout((unhurriedCore) => verifyAudit(unhurriedCore, input)),
    checkHealth: (reader) => withoutTimeout((unhurriedCore) => checkHealth(unhurriedCore, storage, reader)),
    ping: async () => {
      const { rows } = await storage.pool.query<{ takesWrites: boolean }>(takesWrites);
      return { takesWrites: rows[0]?.takesWrites ?? false };
    },
    spendCall: ({ id }, budget, cost) => core.callLimiter.spend(id, budget, cost),
    load: () => ({
      hashes: core.passwords.load(),
      connections: {
        open: storage.pool.totalCount,
        idle: storage.pool.idleCount,
        waiting: storage.pool.waitingCount,
      },
    }),
    delayRefusal: (signal) => core.refusalDelay.wait(signal),
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
  // What is read and taken by `options.profile` is what the type says: the flows themselves know the built-in fields alone.
  return auth as Auth<ConfigOf<Fields, Declared>>;
}

/** An address may lead to another server than before, behind a pooler also on the same connection. */
const takesWrites = `
  select not pg_catalog.pg_is_in_recovery() and pg_catalog.current_setting('transaction_read_only') operator(pg_catalog.=) 'off'
    as "takesWrites"`;

function describePasskeys({ passkeys }: ResolvedOptions): Auth["options"]["passkeys"] {
  return passkeys ? { rpId: passkeys.rpId, relatedOrigins: listRelatedOrigins(passkeys) } : null;
}

function describeCodes({ codes, messages }: ResolvedOptions): Auth["options"]["codes"] {
  const { sms, whatsapp, email } = messages.senders;
  const { signInByCode, numberOnly } = codes;
  return {
    signInByCode,
    numberOnly,
    sentTo: [...(sms || whatsapp ? (["phone"] as const) : []), ...(email ? (["email"] as const) : [])],
  };
}

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
