import { randomUUIDv7 } from "node:crypto";
import { recordEvent } from "../audit/audit-log.ts";
import { AuthError } from "../errors.ts";
import { readStoredPassword } from "../passwords/django.ts";
import type { ProfileChanges, User } from "../users/user.ts";
import { insertUser } from "../users/user-store.ts";
import type { Core } from "./core.ts";
import { encodePassword } from "./encode-password.ts";
import { requireFreeForms } from "./find-named.ts";
import { parseNewNames } from "./parse-names.ts";

export interface CreateUserInput {
  readonly username: string;
  /** What the person will sign in with, or a hash that Django made, word for word, for an account that comes from there. */
  readonly password: string | { readonly djangoHash: string };
  readonly phoneNumber?: string | undefined;
  readonly email?: string | undefined;
  readonly profile?: ProfileChanges;
  readonly isStaff?: boolean;
  readonly isSuperuser?: boolean;
}

/**
 * Creates an account in the name of an administrator, who vouches for its phone number and e-mail address.
 *
 * @throws AuthError `invalid_input`, `password_rejected`, `identifier_taken`
 */
export async function createUser(core: Core, input: CreateUserInput): Promise<User> {
  const names = parseNewNames(core, input);
  const password = await encode(core, input);
  return core.db.transaction().execute(async (transaction) => {
    await requireFreeForms(transaction, names);
    const user = await insertUser(transaction, {
      id: randomUUIDv7(),
      ...names,
      ...password,
      ...input.profile,
      isStaff: input.isStaff ?? false,
      isSuperuser: input.isSuperuser ?? false,
    });
    const facts = { actorId: null, subjectId: user.id, address: null, requestId: null };
    await recordEvent(transaction, { event: "user_created", by: "command_line" }, facts);
    return user;
  });
}

async function encode(core: Core, { password, ...input }: CreateUserInput) {
  // An account from Django is as old as its tokens, which stay good; a new one refuses every token older than itself.
  if (typeof password !== "string") {
    return { password: requireDjangoHash(password.djangoHash), credentialsChangedAt: new Date(0) };
  }
  const person = { ...input.profile, ...input };
  return { password: await encodePassword(core, password, { field: "password", person }) };
}

/** A hash that could never be verified would lock its owner out without a word; `!` says that this is meant. */
function requireDjangoHash(encoded: string): string {
  if (encoded.startsWith("!") || readStoredPassword(encoded)) return encoded;
  const issues = [
    { path: ["password"], message: "is not a password hash that Django makes, or one too costly to check" },
  ];
  throw new AuthError("invalid_input", "The password hash cannot be read", { issues });
}
