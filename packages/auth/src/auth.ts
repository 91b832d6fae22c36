import type pg from "pg";
import { endSessionsOf, listSessionsOf } from "./flows/administer-sessions.ts";
import {
  type AdministeredUserInput,
  createAccount,
  deleteUser,
  getUser,
  setGroups,
  setPermissions,
  type UserUpdate,
  updateUser,
} from "./flows/administer-users.ts";
import { authenticate, type Caller } from "./flows/authenticate.ts";
import { authorize, createPermissionReader, findPermissions } from "./flows/authorize.ts";
import { type ChangePasswordInput, changePassword } from "./flows/change-password.ts";
import type { Core, RequestFacts } from "./flows/core.ts";
import { type CreateUserInput, createUser } from "./flows/create-user.ts";
import { examine } from "./flows/examine.ts";
import { inspectToken } from "./flows/inspect-token.ts";
import { createPasswordCode } from "./flows/issue-password-code.ts";
import { learnHashCosts } from "./flows/learn-hash-costs.ts";
import { type ListEventsInput, listAuditEvents } from "./flows/list-audit-events.ts";
import { type ListUsersInput, listUsers } from "./flows/list-users.ts";
import { type LoginInput, login } from "./flows/login.ts";
import { logout } from "./flows/logout.ts";
import {
  createGroup,
  deleteGroup,
  type GroupInput,
  type GroupUpdate,
  type ListGroupsInput,
  listGroups,
  updateGroup,
} from "./flows/manage-groups.ts";
import { listSessions, revokeOtherSessions, revokeSession } from "./flows/manage-sessions.ts";
import {
  changePasswordOf,
  createPasswordCodeNamed,
  endSessionsNamed,
  type GrantInput,
  grantTo,
  listSessionsNamed,
  revokeFrom,
  unlock,
} from "./flows/operate.ts";
import { purge } from "./flows/purge.ts";
import { createCallerReader } from "./flows/read-caller.ts";
import { refresh } from "./flows/refresh.ts";
import { type RegisterInput, register } from "./flows/register.ts";
import type { Administrator } from "./flows/require-authority.ts";
import { type ResetPasswordInput, resetPassword } from "./flows/reset-password.ts";
import { type RotateKeysInput, rotateKeys } from "./flows/rotate-keys.ts";
import { syncPermissions } from "./flows/sync-permissions.ts";
import { updateProfile } from "./flows/update-profile.ts";
import { createTokenVerification } from "./flows/verify-token.ts";
import { type AuthOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { createPasswords } from "./passwords/passwords.ts";
import { deriveKey } from "./secrets.ts";
import { noteUses, touchSessions, type Use } from "./sessions/session-store.ts";
import { openStorage, type Queries, type Storage, withoutHaste } from "./storage/database.ts";
import { migrate } from "./storage/migrate.ts";
import { shareQuery } from "./storage/share-query.ts";
import { createThrottle } from "./throttling/throttle.ts";
import { clockLeeway } from "./tokens/access-token.ts";
import { createKeyRing, sharedKeyId } from "./tokens/key-ring.ts";
import { rememberVerifiedTokens } from "./tokens/verified-tokens.ts";
import type { ProfileChanges, User } from "./users/user.ts";

export type Auth = ReturnType<typeof createAuth>;

/**
 * Puts the core together on a database. Nothing is connected or changed until a flow runs; call `prepare()` once at the start
 * of a process.
 *
 * @example
 * const auth = createAuth({ connectionString }, { secret });
 * await auth.prepare();
 * const { token } = await auth.login({ username: "alice", password }, facts);
 */
export function createAuth(connection: pg.PoolConfig, authOptions: AuthOptions) {
  const options = resolveOptions(authOptions);
  const storage = openStorage(connection);
  const core = createCore(storage, options);
  return {
    options,
    /** The connections to the database, for tables of your own beside the core's. */
    pool: storage.pool,
    login: (input: LoginInput, facts: RequestFacts) => login(core, input, facts),
    refresh: (refreshToken: string, facts: RequestFacts) => refresh(core, refreshToken, facts),
    logout: (refreshToken: string, facts: RequestFacts) => logout(core, refreshToken, facts),
    authenticate: (authorization: readonly string[], facts?: RequestFacts) => authenticate(core, authorization, facts),
    inspectToken: (token: string, facts: RequestFacts) => inspectToken(core, token, facts),
    createUser: (input: CreateUserInput) => createUser(core, input),
    updateProfile: (caller: Caller, changes: ProfileChanges, facts: RequestFacts) =>
      updateProfile(core, caller, changes, facts),
    changePassword: (caller: Caller, input: ChangePasswordInput, facts: RequestFacts) =>
      changePassword(core, caller, input, facts),
    listSessions: (caller: Caller) => listSessions(core, caller),
    revokeSession: (caller: Caller, id: string, facts: RequestFacts) => revokeSession(core, caller, id, facts),
    revokeOtherSessions: (caller: Caller, facts: RequestFacts) => revokeOtherSessions(core, caller, facts),
    register: (input: RegisterInput, facts: RequestFacts) => register(core, input, facts),
    resetPassword: (input: ResetPasswordInput, facts: RequestFacts) => resetPassword(core, input, facts),
    users: {
      list: (input: ListUsersInput) => listUsers(core, input),
      get: (id: string) => getUser(core, id),
      create: (admin: Administrator, input: AdministeredUserInput & { readonly username: string }) =>
        createAccount(core, admin, input),
      update: (admin: Administrator, id: string, changes: UserUpdate) => updateUser(core, admin, id, changes),
      delete: (admin: Administrator, id: string) => deleteUser(core, admin, id),
      setGroups: (admin: Administrator, id: string, groupIds: readonly string[]) =>
        setGroups(core, admin, id, groupIds),
      setPermissions: (admin: Administrator, id: string, permissions: readonly string[]) =>
        setPermissions(core, admin, id, permissions),
      createPasswordCode: (admin: Administrator, id: string) => createPasswordCode(core, admin, id),
      listSessions: (admin: Administrator, id: string) => listSessionsOf(core, admin, id),
      endSessions: (admin: Administrator, id: string, sessionId?: string) => endSessionsOf(core, admin, id, sessionId),
    },
    groups: {
      list: (input: ListGroupsInput) => listGroups(core, input),
      create: (admin: Administrator, input: GroupInput) => createGroup(core, admin, input),
      update: (admin: Administrator, id: string, changes: GroupUpdate) => updateGroup(core, admin, id, changes),
      delete: (admin: Administrator, id: string) => deleteGroup(core, admin, id),
    },
    /** What the operator of the installation does, in nobody's name; users are named as at sign-in. */
    operator: {
      changePassword: (name: string, password: string) => changePasswordOf(core, name, password),
      grant: (name: string, what: GrantInput) => grantTo(core, name, what),
      revoke: (name: string, what: GrantInput) => revokeFrom(core, name, what),
      unlock: (name: string) => unlock(core, name),
      createPasswordCode: (name: string) => createPasswordCodeNamed(core, name),
      listSessions: (name: string) => listSessionsNamed(core, name),
      endSessions: (name: string, sessionId?: string) => endSessionsNamed(core, name, sessionId),
    },
    listAuditEvents: (input: ListEventsInput) => listAuditEvents(core, input),
    /** Looks over the stored hashes, so that refusals tell nothing of them. Call it at the start and by the hour. */
    learnHashCosts: () => withoutHaste(connection, (db) => learnHashCosts(core, db)),
    purge: () => withoutHaste(connection, (db) => purge({ ...core, db })),
    /** What a user may do at this moment. */
    findPermissions: (user: User) => findPermissions(core, user),
    /** Throws AuthError `permission_denied` unless the user holds the permission at this moment. */
    authorize: (user: User, permission: string) => authorize(core, user, permission),
    syncPermissions: (input: { prune: boolean }) => syncPermissions(core, input),
    rotateKeys: (input: RotateKeysInput) => rotateKeys(core, input),
    /** The keys that verify tokens, for everybody to read (RFC 7517 §5). */
    publicKeys: () => core.keyRing.publicKeys(),
    /** The keys that verify tokens with the shared secrets of HS256 among them, for one trusted service. */
    verificationKeys: () => core.keyRing.verificationKeys(),
    /** Brings the schema up to date, and nothing more. Throws StartError. */
    migrate: async () => {
      await withoutHaste(connection, migrate);
    },
    /** Brings the schema up to date and makes the first signing key. Throws StartError. */
    prepare: async () => {
      await withoutHaste(connection, migrate);
      await core.keyRing.prepare();
      await syncPermissions(core, { prune: false });
    },
    /** Looks the installation over, for an administrator. */
    examine: () => examine(core),
    /** Resolves when the database answers; rejects with what is wrong otherwise. */
    ping: async () => {
      await storage.pool.query("select");
    },
    /** Refuses, with AuthError `unavailable`, the calls that wait for a password to be checked, and those that would. */
    refuseWaiting: () => core.passwords.close(),
    close: () => storage.close(),
  };
}

function createCore({ db, pool }: Storage, options: ResolvedOptions): Core {
  const { tokens, passwords, django, clock, secret } = options;
  const keyRing = createKeyRing({
    db,
    sealingKey: deriveKey(secret, "signing-keys"),
    algorithm: tokens.algorithm,
    overlapSeconds: tokens.lifetime + clockLeeway,
  });
  const verification = createTokenVerification({
    options,
    findRingKey: keyRing.findVerificationKey,
    adoptionKey: deriveKey(secret, "adopted-sessions"),
  });
  return {
    db,
    clock,
    options,
    keyRing,
    passwords: createPasswords({
      cost: passwords.cost,
      concurrency: passwords.hashConcurrency,
      queueLimit: passwords.hashQueueLimit,
    }),
    refreshKey: deriveKey(secret, "refresh-tokens"),
    deviceKey: deriveKey(secret, "device-marks"),
    throttle: createThrottle(db, deriveKey(secret, "throttles")),
    verifyToken: rememberVerifiedTokens(verification, { clock }),
    findSigningKey:
      tokens.profile === "django" && django ? async () => djangoKey(django.secretKey) : keyRing.signingKey,
    readCaller: createCallerReader(pool),
    readPermissions: createPermissionReader(db),
    touchSession: createToucher(db),
    noteUse: createUseNoter(db),
  };
}

function createToucher(db: Queries): (id: string) => void {
  const touch = shareQuery(async (ids: readonly string[]) => {
    await touchSessions(db, ids);
    return ids.map(() => undefined);
  });
  return (id) => void touch(id).catch(() => {});
}

function createUseNoter(db: Queries): (use: Use) => Promise<void> {
  const note = shareQuery(async (uses: readonly Use[]) => {
    await noteUses(db, uses);
    return uses.map(() => undefined);
  });
  return (use) => note(use);
}

function djangoKey(secretKey: string) {
  const privateKey = Buffer.from(secretKey);
  return { kid: sharedKeyId(privateKey), algorithm: "HS256", privateKey } as const;
}
