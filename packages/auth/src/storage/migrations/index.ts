import type { Migration } from "kysely/migration";
import * as usersSessionsKeys from "./0001-users-sessions-keys.ts";
import * as permissionsAndCodes from "./0002-permissions-and-codes.ts";
import * as auditOrder from "./0003-audit-order.ts";
import * as throttles from "./0004-throttles.ts";
import * as codeIssuers from "./0005-code-issuers.ts";
import * as orderedLists from "./0006-ordered-lists.ts";
import * as importedUsers from "./0007-imported-users.ts";
import * as usedRotations from "./0008-used-rotations.ts";
import * as erasures from "./0009-erasures.ts";
import * as ownProfileFields from "./0011-own-profile-fields.ts";
import * as namesOfTwoKeyboards from "./0012-names-of-two-keyboards.ts";
import * as permissionApps from "./0016-permission-apps.ts";
import * as deviceNames from "./0017-device-names.ts";
import * as challenges from "./0019-challenges.ts";
import * as accountsWithoutUsername from "./0020-accounts-without-username.ts";
import * as reauthentication from "./0021-reauthentication.ts";
import * as waysInByCode from "./0022-ways-in-by-code.ts";
import * as roomForUpdates from "./0033-room-for-updates.ts";
import * as importRuns from "./0037-import-runs.ts";
import * as aliasesReadFor from "./0038-aliases-read-for.ts";
import * as pendingChanges from "./0039-pending-changes.ts";
import * as recoveryCodes from "./0041-recovery-codes.ts";
import * as deviceEpochs from "./0042-device-epochs.ts";
import * as notices from "./0043-notices.ts";
import * as secondFactors from "./0044-second-factors.ts";
import * as secretKeys from "./0047-secret-keys.ts";
import * as webhooks from "./0048-webhooks.ts";
import * as importedBlacklist from "./0050-imported-blacklist.ts";
import * as accountDeletions from "./0051-account-deletions.ts";
import * as consents from "./0052-consents.ts";
import * as viewContact from "./0056-view-contact.ts";
import * as auditSeals from "./0057-audit-seals.ts";
import * as auditStreams from "./0058-audit-streams.ts";
import * as passkeys from "./0060-passkeys.ts";
import * as passwordsToReplace from "./0063-passwords-to-replace.ts";
import * as schemaCompatibility from "./0066-schema-compatibility.ts";
import * as formerPasswords from "./0068-former-passwords.ts";
import * as countsOfCodes from "./0069-counts-of-codes.ts";
import * as wrongCodesOfNames from "./0070-wrong-codes-of-names.ts";
import * as languagesOfSessions from "./0071-languages-of-sessions.ts";
import * as rememberedDevices from "./0072-remembered-devices.ts";
import * as authorizationCodes from "./0075-authorization-codes.ts";
import * as whatImportsLeft from "./0086-what-imports-left.ts";
import * as quickImports from "./0095-quick-imports.ts";
import * as keptCounts from "./0101-kept-counts.ts";
import * as namesOfAnImport from "./0102-names-of-an-import.ts";
import * as rightsOnRequest from "./0103-rights-on-request.ts";
import * as importedGroups from "./0104-imported-groups.ts";

/**
 * A step of the schema. `up` runs while the release before serves, in a transaction that waits for locks for a moment only and is then tried
 * again: what it does to a large table takes no time there.
 */
export interface SchemaMigration extends Pick<Migration, "up"> {
  readonly beforehand?: Beforehand;
}

/** What would take long there, and is done before, beside running services. May run twice, and finds what is done. */
interface Beforehand {
  readonly statements: readonly string[];
  /** What each is on, by its name. `up` makes those that are missing, since in an empty database nothing is done before. */
  readonly indexes: Readonly<Record<string, string>>;
}

/**
 * A release that knows this migration runs on the schema that all of them make, so that going back to it is a restart. A migration that
 * takes away what earlier releases use comes one release after the one that stopped using it, and raises this to a migration of that one.
 */
export const oldestRelease = "0066-schema-compatibility";

/** Every migration by name, in order. A migration that has been released is frozen: a change of mind is a new one. */
export const migrations: Readonly<Record<string, SchemaMigration>> = {
  "0001-users-sessions-keys": usersSessionsKeys,
  "0002-permissions-and-codes": permissionsAndCodes,
  "0003-audit-order": auditOrder,
  "0004-throttles": throttles,
  "0005-code-issuers": codeIssuers,
  "0006-ordered-lists": orderedLists,
  "0007-imported-users": importedUsers,
  "0008-used-rotations": usedRotations,
  "0009-erasures": erasures,
  "0011-own-profile-fields": ownProfileFields,
  "0012-names-of-two-keyboards": namesOfTwoKeyboards,
  "0016-permission-apps": permissionApps,
  "0017-device-names": deviceNames,
  "0019-challenges": challenges,
  "0020-accounts-without-username": accountsWithoutUsername,
  "0021-reauthentication": reauthentication,
  "0022-ways-in-by-code": waysInByCode,
  "0033-room-for-updates": roomForUpdates,
  "0037-import-runs": importRuns,
  "0038-aliases-read-for": aliasesReadFor,
  "0039-pending-changes": pendingChanges,
  "0041-recovery-codes": recoveryCodes,
  "0042-device-epochs": deviceEpochs,
  "0043-notices": notices,
  "0044-second-factors": secondFactors,
  "0047-secret-keys": secretKeys,
  "0048-webhooks": webhooks,
  "0050-imported-blacklist": importedBlacklist,
  "0051-account-deletions": accountDeletions,
  "0052-consents": consents,
  "0056-view-contact": viewContact,
  "0057-audit-seals": auditSeals,
  "0058-audit-streams": auditStreams,
  "0060-passkeys": passkeys,
  "0063-passwords-to-replace": passwordsToReplace,
  "0066-schema-compatibility": schemaCompatibility,
  "0068-former-passwords": formerPasswords,
  "0069-counts-of-codes": countsOfCodes,
  "0070-wrong-codes-of-names": wrongCodesOfNames,
  "0071-languages-of-sessions": languagesOfSessions,
  "0072-remembered-devices": rememberedDevices,
  "0075-authorization-codes": authorizationCodes,
  "0086-what-imports-left": whatImportsLeft,
  "0095-quick-imports": quickImports,
  "0101-kept-counts": keptCounts,
  "0102-names-of-an-import": namesOfAnImport,
  "0103-rights-on-request": rightsOnRequest,
  "0104-imported-groups": importedGroups,
};
