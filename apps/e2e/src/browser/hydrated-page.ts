import { type AuthClient, createAuthClient, localStorageStorage, type User } from "@latchkey/client";
import { AuthProvider, SignedIn, SignedOut, useAuth, usePermission, useUser } from "@latchkey/client/react";
import { createElement, type ReactElement } from "react";

/** A page of components that a server renders and a browser takes over; both run this file. */
export function HydratedPage({ auth, initialUser }: { auth: AuthClient; initialUser?: User | null }): ReactElement {
  return createElement(
    AuthProvider,
    { client: auth, initialUser },
    createElement(SignedIn, null, createElement(Account)),
    createElement(SignedOut, null, createElement("h1", null, "Sign in")),
    createElement(Status),
  );
}

function Account(): ReactElement {
  return createElement("h1", null, `Hello, ${useUser()?.username}`);
}

function Status(): ReactElement {
  const { status } = useAuth();
  const tellHydrated = () => void Object.assign(globalThis, { isHydrated: true });
  return createElement("output", { ref: tellHydrated }, `${status}, ${usePermission("auth.view_user")}`);
}

/**
 * @param url where the service is, which a server that only renders never calls
 * @param opened when the storage begins to answer
 */
export function createPageClient(url: string, opened: Promise<unknown>): AuthClient {
  const storage = localStorageStorage();
  const get = () => opened.then(() => storage.get());
  return createAuthClient({ url, storage: { ...storage, get } });
}
