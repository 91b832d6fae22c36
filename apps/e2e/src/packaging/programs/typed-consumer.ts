/** Uses all that the SDK exports. It is compiled, not run. */
import {
  type AppRouter,
  type AuthClient,
  type AuthClientError,
  type AuthClientOptions,
  type AuthErrorReason,
  type AuthState,
  type AuthStorage,
  createAuthClient,
  createServerClient,
  isAuthError,
  type LinkOptions,
  localStorageStorage,
  memoryStorage,
  type Permission,
  type ServerClientOptions,
  type TokenResponse,
  type User,
} from "@latchkey/client";
import { type CodeClient, type CodeOutcome, type SentCode, withCodes } from "@latchkey/client/codes";
import type { addPasskey, signInWithPasskey } from "@latchkey/client/passkeys";
import { type UsePasskey, usePasskey } from "@latchkey/client/passkeys/react";
import { type UseCode, useCode } from "@latchkey/client/react";
import { type UseReauthenticate, useReauthenticate } from "@latchkey/client/reauthenticate/react";
import { handleRedirect, isRedirectError, signInWithRedirect, type takeOverSession } from "@latchkey/client/redirect";
import { findPendingSignIn, type PendingSignIn, type showSecondFactor } from "@latchkey/client/second-factor";
import { type UseSecondFactor, useSecondFactor } from "@latchkey/client/second-factor/react";
import { createTRPCClient, httpBatchLink, type TRPCClient } from "@trpc/client";
import { initTRPC } from "@trpc/server";

type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles when both types are exactly the same, so that neither is `any`. */
function same<A, B>(_isSame: IsSame<A, B>): void {}

const deviceStorage: AuthStorage = {
  get: async () => null,
  set: async (value) => same<typeof value, string>(true),
  remove: async () => {},
  subscribe: (listener) => {
    listener();
    return () => {};
  },
};

const storages: readonly AuthStorage[] = [
  memoryStorage(),
  localStorageStorage(),
  localStorageStorage("key"),
  deviceStorage,
];
const options: AuthClientOptions = { url: new URL("http://localhost:3000"), storage: deviceStorage, fetch };
const auth: AuthClient = createAuthClient(options);
const clients = [
  createAuthClient({ url: "http://localhost:3000" }),
  createAuthClient({ url: "http://localhost:3000", storage: "cookie" }),
  ...storages.map((storage) => createAuthClient({ url: "http://localhost:3000", storage })),
];
// @ts-expect-error an address is needed
createAuthClient({});
// @ts-expect-error there is no such storage
createAuthClient({ url: "http://localhost:3000", storage: "indexedDB" });

const user = await auth.signIn({ username: "+90 532 123 45 67", password: "correct horse battery" });
same<typeof user, User>(true);
const pending = findPendingSignIn(new Error("refused"));
same<typeof pending, PendingSignIn | null>(true);
if (pending) same<User, Awaited<ReturnType<typeof showSecondFactor<AppRouter>>>>(true);
export const factor = (): UseSecondFactor<User> => useSecondFactor(auth);
export const passkey = (): UsePasskey<User> => usePasskey(auth, { autofill: true });
export const again = (): UseReauthenticate => useReauthenticate(auth);
same<User | null, Awaited<ReturnType<typeof signInWithPasskey<AppRouter>>>>(true);
export const codesOf = (added: Awaited<ReturnType<typeof addPasskey>>): readonly string[] | undefined =>
  added?.recoveryCodes?.codes;
same<User["id"], string>(true);
same<User["phoneNumber"], string | null>(true);
same<User["dateJoined"], string>(true);
// @ts-expect-error a password is needed
await auth.signIn({ username: "alice" });
// @ts-expect-error it takes a username of whatever kind
await auth.signIn({ email: "alice@example.com", password: "correct horse battery" });
same<Awaited<ReturnType<AuthClient["signOut"]>>, void>(true);

const me = await auth.api.me.get.query();
same<(typeof me)["phoneProofDue"], boolean>(true);
same<Omit<typeof me, "phoneProofDue">, Omit<User, never>>(true);
same<TokenResponse["user"], User>(true);
same<TokenResponse["tokenType"], "Bearer">(true);
same<TokenResponse["expiresAt"], string>(true);
await auth.api.me.update.mutate({ firstName: "Ayşe", gender: null });
const answer: TokenResponse = await auth.api.me.changePassword.mutate({ currentPassword: "old", newPassword: "new" });
const devices = await auth.api.sessions.list.query();
same<(typeof devices)[number]["current"], boolean>(true);
await auth.api.sessions.revoke.mutate({ id: devices[0]?.id ?? answer.user.id });
const inspection = await auth.api.token.verify.mutate({ token: answer.token });
if (inspection.active) same<typeof inspection.sid, string>(true);
const registered: TokenResponse = await auth.api.account.register.mutate({
  username: "bora",
  password: "correct horse battery",
});
const permission: Permission = "auth.view_user";
const mayLook = await auth.can(permission);
// @ts-expect-error there is no such permission
await auth.can("auth.view_usr");
same<typeof mayLook, boolean>(true);
const { users } = await auth.api.users.list.query({ username: registered.user.username ?? "bora" });
same<(typeof users)[number]["username"], string | null>(true);
const { events } = await auth.api.audit.list.query({});
same<(typeof events)[number]["occurredAt"], string>(true);
// @ts-expect-error a ticket is text
await auth.api.account.register.mutate({ ticket: 1 });
// @ts-expect-error there is no such procedure
await auth.api.me.vanish.mutate();
// @ts-expect-error it is a mutation
await auth.api.me.update.query({ firstName: "Ayşe" });
// @ts-expect-error there is no such gender
await auth.api.me.update.mutate({ gender: "F" });
// @ts-expect-error the profile has no such field
await auth.api.me.update.mutate({ isStaff: true });
// @ts-expect-error an id is needed
await auth.api.sessions.revoke.mutate({});
// @ts-expect-error a user has no password
me.password;

export function describe(error: unknown): string {
  if (isAuthError(error, "rate_limited")) {
    same<typeof error.data.retryAfter, number>(true);
    same<typeof error.data.reason, "rate_limited">(true);
    return `${error.message}: wait ${error.data.retryAfter.toFixed()} seconds`;
  }
  if (isAuthError(error, "password_rejected")) {
    return error.data.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join();
  }
  if (isAuthError(error, "invalid_credentials")) {
    // @ts-expect-error nobody says what to wait for
    error.data.issues.length;
  }
  // @ts-expect-error there is no such reason
  if (isAuthError(error, "rate_limitted")) return "";
  if (isAuthError(error)) {
    const refusal: AuthClientError = error;
    const reason: AuthErrorReason = refusal.data.reason;
    same<typeof error.data.retryAfter, number | undefined>(true);
    return `${reason} ${error.data.httpStatus}`;
  }
  same<typeof error, unknown>(true);
  return "the network is away";
}

const t = initTRPC.create();
const ownRouter = t.router({ hello: t.procedure.query(() => "hello" as const) });
type OwnRouter = typeof ownRouter;

const linkOptions: LinkOptions<OwnRouter> = { url: "http://localhost:4000", maxItems: 5 };
const own = createTRPCClient<OwnRouter>({ links: [auth.link(linkOptions)] });
same<Awaited<ReturnType<typeof own.hello.query>>, "hello">(true);
createTRPCClient<OwnRouter>({ links: [auth.link({ url: "http://localhost:4000", audience: "orders-api" })] });
same<Awaited<ReturnType<typeof auth.headers>>, { authorization?: string }>(true);
await auth.headers({ audience: "orders-api" });
// @ts-expect-error an audience is text
auth.link({ url: "http://localhost:4000", audience: null });
// @ts-expect-error it has to know where the API is
createTRPCClient<OwnRouter>({ links: [auth.link()] });
// @ts-expect-error it has to know where the API is
createTRPCClient<OwnRouter>({ links: [auth.link({})] });
// @ts-expect-error the headers are the session's
auth.link({ url: "http://localhost:4000", headers: {} });
createTRPCClient<OwnRouter>({
  links: [httpBatchLink({ url: "http://localhost:4000", headers: () => auth.headers() })],
});

const unsubscribe: () => void = auth.subscribe(() => {
  const state: AuthState = auth.getSnapshot();
  if (state.status === "signedIn") same<typeof state.user, User>(true);
  else same<typeof state.user, null>(true);
  // @ts-expect-error there is no such state
  if (state.status === "signed-in") return;
});
unsubscribe();

const byCode: CodeClient = withCodes(auth);
const sent: SentCode<User> = await byCode.startCode({ to: "+905321234567" });
const outcome: CodeOutcome<User> = await sent.confirm("123456");
if (outcome.next === "done") same<typeof outcome.user, User>(true);
else await auth.api.account.register.mutate({ ticket: outcome.ticket });
same<Awaited<ReturnType<typeof byCode.signIn>>, CodeOutcome<User>>(true);
// @ts-expect-error there is no such purpose
await byCode.startCode({ to: "+905321234567", purpose: "register" });
export const useSignIn = (): UseCode<User> => useCode("enter");

const back = await handleRedirect(auth, { url: "com.example.shop:/in?code=a&state=b" }).catch((error: unknown) => {
  if (isRedirectError(error, "access_denied")) return null;
  throw error;
});
if (back) same<typeof back.user, User>(true);
await signInWithRedirect(auth, {
  clientId: "shop",
  redirectUri: "com.example.shop:/in",
  navigate: (url) => same<typeof url, string>(true),
});
// @ts-expect-error an address to come back to is needed
await signInWithRedirect(auth, { clientId: "shop" });
same<Awaited<ReturnType<typeof takeOverSession<AppRouter>>>, User | null>(true);

const serverOptions: ServerClientOptions = { url: "http://localhost:3000", token: answer.token };
const api: TRPCClient<AppRouter> = createServerClient(serverOptions);
same<Awaited<ReturnType<typeof api.me.get.query>>, typeof me>(true);
// @ts-expect-error a token is needed
createServerClient({ url: "http://localhost:3000" });

await Promise.all(clients.map((client) => client.signOut()));
