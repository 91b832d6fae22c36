import { isAuthError, type User } from "@latchkey/client";
import { atService, auth, queryClient, service } from "./service.ts";

const over: readonly string[] = [
  "token_missing",
  "token_invalid",
  "refresh_token_invalid",
  "refresh_token_reused",
  "session_ended",
  "account_disabled",
];

/** Whether a session is over, whatever is tried. */
export const isOver = (error: unknown): boolean => isAuthError(error) && over.includes(error.data.reason);

/**
 * Takes over the session whose cookie this browser has, such as one that the service's own pages opened: the client knows only those that it
 * opened by itself.
 */
export async function resume(): Promise<User> {
  const { internals } = auth;
  const wish = internals.wish();
  const answer = await internals.ask("token.refresh", { refreshToken: "" });
  await internals.keep(answer, wish);
  return answer.user;
}

export interface Entry {
  readonly user: User;
  readonly permissions: readonly string[];
}

/** Who is signed in, and what they may do. */
export async function enter(): Promise<Entry> {
  await auth.internals.ready;
  if (auth.getSnapshot().status === "signedOut") await resume();
  try {
    return await readEntry();
  } catch (error) {
    // What was stored here may be of a session that has ended since, and another one begun on the service's own pages.
    if (!isOver(error)) throw error;
    await resume();
    return readEntry();
  }
}

async function readEntry(): Promise<Entry> {
  const [user, permissions] = await Promise.all([auth.api.me.get.query(), auth.api.me.permissions.query()]);
  return { user, permissions };
}

export const entryKey = ["entry"] as const;

/** Where somebody signs in, and comes back to a path of the console, such as `/people`. */
export const toSignIn = (path: string): string =>
  `${service}/sign-in?${new URLSearchParams({ return_to: atService(path) })}`;

/** Signs out here and at the service, and says so on its own page. */
export async function signOut(): Promise<void> {
  await auth.signOut();
  queryClient.clear();
  location.replace(`${service}/signed-out`);
}
