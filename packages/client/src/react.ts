"use client";

import type { AnyRouter } from "@trpc/server";
import {
  createContext,
  createElement,
  Fragment,
  type ReactElement,
  type ReactNode,
  useContext,
  useMemo,
  useSyncExternalStore,
} from "react";
import type { AppRouter, PermissionName, User } from "./api-types.ts";
import type { AuthClient } from "./auth-client.ts";
import type { CodePurpose } from "./codes.ts";
import type { PersonOf } from "./mounted-router.ts";
import { createPermissionStore, type Held, type PermissionStore } from "./permission-store.ts";
import type { AuthState } from "./session-manager.ts";
import { type UseCode, useCodeOf } from "./use-code.ts";

export type { UseCode } from "./use-code.ts";

/** Whoever is signed in, by any router. It has no name outside, since programs that export an element would have to name it. */
type AnyPerson = { readonly id: string };

/** What of a client does not depend on the router that it calls. */
type AnyClient<Person = AnyPerson> = Pick<
  AuthClient,
  "signOut" | "permissions" | "subscribe" | "dispose" | "internals"
> & {
  signIn(credentials: Parameters<AuthClient["signIn"]>[0]): Promise<Person>;
  getSnapshot(): AuthState<Person>;
  getServerSnapshot(): AuthState<Person>;
};

interface Provided {
  readonly client: AnyClient;
  readonly initial: AuthState<AnyPerson>;
}

const Auth = createContext<Provided | null>(null);

/** What {@link AuthProvider} takes. */
export interface AuthProviderProps<Person extends AnyPerson = User> {
  /** What `createAuthClient` answered, for whatever router. */
  readonly client: AnyClient<Person>;
  /** Who is signed in, or null, where the server that rendered the page knows it: shown until the client knows it as well. */
  readonly initialUser?: NoInfer<Person> | null | undefined;
  readonly children?: ReactNode;
}

/**
 * Gives a client to all components below.
 *
 * @example
 * <AuthProvider client={auth}>
 *   <SignedIn><Account /></SignedIn>
 *   <SignedOut><SignIn /></SignedOut>
 * </AuthProvider>
 */
export function AuthProvider<Person extends AnyPerson = User>({
  client,
  initialUser,
  children,
}: AuthProviderProps<Person>): ReactElement {
  const value = useMemo(() => ({ client, initial: toState(client, initialUser) }), [client, initialUser]);
  return createElement(Auth.Provider, { value }, children);
}

function toState(client: AnyClient, user: AnyPerson | null | undefined): AuthState<AnyPerson> {
  if (user === undefined) return client.getServerSnapshot();
  return user ? { status: "signedIn", user } : { status: "signedOut", user: null };
}

function useProvided(): Provided {
  const provided = useContext(Auth);
  if (!provided) throw new Error("Put an <AuthProvider client={auth}> around your components");
  return provided;
}

function useAuthState(): AuthState<AnyPerson> {
  const { client, initial } = useProvided();
  const getSnapshot = () => {
    const state = client.getSnapshot();
    return state.status === "loading" ? initial : state;
  };
  return useSyncExternalStore(client.subscribe, getSnapshot, () => initial);
}

/** What {@link useAuth} answers: the state, the client, and its two actions. */
export type UseAuth<Router extends AnyRouter = AppRouter> = ReturnType<AuthClient<Router>["getSnapshot"]> & {
  readonly auth: AuthClient<Router>;
  readonly signIn: AuthClient<Router>["signIn"];
  readonly signOut: AuthClient<Router>["signOut"];
};

/**
 * The state of the session and the client. The component renders again when the state changes. In a router of your own, name its
 * type: `useAuth<AppRouter>()`.
 */
export function useAuth<Router extends AnyRouter = AppRouter>(): UseAuth<Router> {
  const { client } = useProvided();
  const state = useAuthState();
  const value = useMemo(
    () => ({ ...state, auth: client, signIn: client.signIn, signOut: client.signOut }),
    [state, client],
  );
  return value as object as UseAuth<Router>;
}

/** The person who is signed in; null when nobody is, and as long as that is not known. */
export function useUser<Router extends AnyRouter = AppRouter>(): UseAuth<Router>["user"] {
  return useAuthState().user as UseAuth<Router>["user"];
}

/**
 * Signs in by a code: asks for one, waits for it, checks it. After a reload it goes on where it was. Where the browser can read the code out
 * of the SMS, it is checked without being typed.
 *
 * @example
 * const code = useCode("enter");
 * if (code.status === "idle") return <form action={(form) => code.start(String(form.get("phone")))}>…</form>;
 */
export function useCode<Router extends AnyRouter = AppRouter>(
  purpose: CodePurpose = "enter",
): UseCode<PersonOf<Router>> {
  return useCodeOf<Router>(useProvided().client, purpose);
}

const stores = new WeakMap<object, PermissionStore>();

/**
 * Whether the person holds a permission; `"unknown"` until that is known. One read of the service serves all components. For showing
 * and hiding: the service checks every call by itself.
 */
export function usePermission<Name extends string>(permission: PermissionName<Name>): Held {
  const { client } = useProvided();
  const store = stores.get(client) ?? createPermissionStore(client);
  stores.set(client, store);
  return useSyncExternalStore(
    store.subscribe,
    () => store.find(permission),
    () => "unknown",
  );
}

/** Shows its children while somebody is signed in. */
export function SignedIn({ children }: { readonly children?: ReactNode }): ReactElement | null {
  return useAuthState().status === "signedIn" ? createElement(Fragment, null, children) : null;
}

/** Shows its children while nobody is signed in. As long as that is not known, neither this nor {@link SignedIn} shows anything. */
export function SignedOut({ children }: { readonly children?: ReactNode }): ReactElement | null {
  return useAuthState().status === "signedOut" ? createElement(Fragment, null, children) : null;
}
