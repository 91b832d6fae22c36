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
import { createRecoveryCodes, readOwnRecoveryCodes, stopOwnRecoveryCodes } from "./flows/account/recovery-codes.ts";
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
  updateKnownUsers,
} from "./flows/administration/record-imported-users.ts";
import { requirePasswordChange } from "./flows/administration/require-password-change.ts";
import { resetSecondFactor } from "./flows/administration/reset-second-factor.ts";
import { readServiceOverview } from "./flows/administration/service-overview.ts";
import { listSigningKeys } from "./flows/administration/signing-keys.ts";
import { unlockUser } from "./flows/administration/unlock-user.ts";
import { updateUser } from "./flows/administration/update-user.ts";
import { listChangesOf, stopChangeOf } from "./flows/administration/user-changes.ts";
import { setGroups, setPermissions } from "./flows/administration/user-grants.ts";
import { endSessionsOf, listSessionsOf } from "./flows/administration/user-sessions.ts";
import { createAccount, deleteUser, getUser } from "./flows/administration/users.ts";
import { getWaysIn } from "./flows/administration/ways-in.ts";
import { authenticate } from "./flows/authentication/authenticate.ts";
import { authorize } from "./flows/authentication/authorize.ts";
import { exchangeToken } from "./flows/authentication/exchange-token.ts";
import { inspectToken } from "./flows/authentication/inspect-token.ts";
import { recordDenial } from "./flows/authentication/record-denial.ts";
import { applyDueChanges } from "./flows/maintenance/apply-changes.ts";
import { exportErasures, replayErasures } from "./flows/maintenance/erasures.ts";
import { readMessageHistory, reportMessages } from "./flows/maintenance/report-messages.ts";
import { reseal } from "./flows/maintenance/reseal.ts";
import { rotateDueKeys, rotateKeys } from "./flows/maintenance/rotate-keys.ts";
import { verifyAudit } from "./flows/maintenance/verify-audit.ts";
import { holdReset } from "./flows/sign-in/hold-reset.ts";
import { recover, recoverByPasskey, startRecovery, startRecoveryPasskey } from "./flows/sign-in/recover.ts";
import { refresh } from "./flows/sign-in/refresh.ts";
import { register } from "./flows/sign-in/register.ts";
import { resendCode } from "./flows/sign-in/resend-code.ts";
import { resetPassword, resetPasswordByCode } from "./flows/sign-in/reset-password.ts";
import { signIn } from "./flows/sign-in/sign-in.ts";
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
import { signOut } from "./flows/sign-in/sign-out.ts";
import { startCode, startReset } from "./flows/sign-in/start-code.ts";
import type { Core } from "./flows/steps/core.ts";
import { findPermissions } from "./flows/steps/held-permissions.ts";
import { listActivity } from "./flows/steps/list-activity.ts";
import { createPasswordCode } from "./flows/steps/password-code.ts";

/** Runs work for which nobody waits without a limit of time for its statements, by a core on a connection of its own. */
export type WithoutTimeout = <T>(work: (unhurriedCore: Core) => Promise<T>) => Promise<T>;

/** Every flow by its name in `Auth`, with the core handed to it. */
export function bindFlows(core: Core, withoutTimeout: WithoutTimeout) {
  const unhurried =
    <Rest extends readonly unknown[], Answer>(flow: (unhurriedCore: Core, ...rest: Rest) => Promise<Answer>) =>
    (...rest: Rest) =>
      withoutTimeout((unhurriedCore) => flow(unhurriedCore, ...rest));
  return {
    ...bind(core, {
      signIn,
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
      signOut,
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
      stopRecoveryCodes: stopOwnRecoveryCodes,
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
      reportMessages,
      readMessageHistory,
      readServiceOverview,
    }),
    applyDueChanges: unhurried(applyDueChanges),
    verifyAudit: unhurried(verifyAudit),
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
      completeRound: unhurried(completeImportRound),
      updateKnown: unhurried(updateKnownUsers),
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
      endAllSessions: unhurried(endAllSessions),
    },
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
