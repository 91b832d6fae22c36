import { randomUUID } from "node:crypto";
import type { CreateUserInput, User } from "@latchkey/auth";
import type { TestAuth } from "@latchkey/auth/testing";

export const password = "correct horse battery";

export type Facts = Omit<CreateUserInput, "username" | "password"> & {
  readonly username?: string;
  readonly permissions?: readonly string[];
  /** Names of groups. */
  readonly groups?: readonly string[];
};

/** Somebody with an account, who is signed in. */
export interface Person {
  readonly id: string;
  readonly username: string;
  readonly token: string;
  readonly refreshToken: string;
  readonly user: User;
}

/** A username that nobody has. */
export function freshName(): string {
  return `p${randomUUID().replaceAll("-", "")}`;
}

/** Creates an account with these rights and signs it in. */
export async function createPerson(
  { auth, facts }: Pick<TestAuth, "auth" | "facts">,
  { username = freshName(), permissions = [], groups = [], ...input }: Facts = {},
): Promise<Person> {
  await auth.createUser({ ...input, username, password });
  for (const permission of permissions) await auth.operator.grant(username, { permission });
  for (const group of groups) await auth.operator.grant(username, { group });
  const { user, token, refreshToken } = await auth.signIn({ username, password }, facts);
  return { id: user.id, username, token, refreshToken, user };
}

/** The person as the core's flows are told of them. */
export async function toAdministrator(
  { auth, facts }: Pick<TestAuth, "auth" | "facts">,
  { token }: Pick<Person, "token">,
) {
  return { ...(await auth.authenticate([`Bearer ${token}`])), facts };
}
