/** Exports components and hooks of one's own that are made of the SDK's. It is compiled, not run. */
import { AuthProvider, SignedIn, SignedOut, useAuth, usePermission, useUser } from "@latchkey/client/react";
import { createElement } from "react";
import { auth } from "./declared-consumer.ts";

export const useAll = () => ({ auth: useAuth(), user: useUser(), may: usePermission("shop.delete_order") });

export function Account() {
  const { status, user, signOut } = useAuth();
  const may = usePermission("auth.view_user");
  const isSure: "yes" | "no" | "unknown" = may;
  return createElement(
    "button",
    { type: "button", onClick: () => signOut() },
    status,
    user?.username,
    isSure,
    useUser()?.firstName,
  );
}

export const App = () =>
  createElement(
    AuthProvider,
    { client: auth, initialUser: null },
    createElement(SignedIn, null, createElement(Account)),
    createElement(SignedOut, null, "Sign in"),
  );
