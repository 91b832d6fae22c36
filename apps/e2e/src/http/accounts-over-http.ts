import type { CreateUserInput, User } from "@latchkey/auth";
import { call, type LiveServer } from "../live-server.ts";

export const password = "correct horse battery";

/** A user as JSON carries it. */
export type WireUser = {
  readonly [Field in keyof User]: User[Field] extends Date | null ? string | null : User[Field];
};

/** What `token.obtain` answers, as JSON carries it. */
export interface WireSession {
  readonly token: string;
  readonly tokenType: string;
  readonly expiresAt: string;
  readonly refreshToken: string;
  readonly refreshExpiresAt: string;
  /** At sign-in and registration only. */
  readonly deviceMark?: string;
  readonly user: WireUser;
}

/** Creates an account, and signs it in over HTTP. */
export async function signUp(
  { url, test }: LiveServer,
  person: Omit<CreateUserInput, "password">,
): Promise<WireSession> {
  await test.auth.createUser({ ...person, password });
  const { body } = await call(url, "token.obtain", { input: { username: person.username, password } });
  return body;
}
