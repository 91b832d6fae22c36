import { randomUUIDv7 } from "node:crypto";
import { recordEvent } from "../audit/audit-log.ts";
import { AuthError, type InputIssue } from "../errors.ts";
import { parseEmail } from "../identifiers/email.ts";
import { parsePhone } from "../identifiers/phone.ts";
import { parseUsername } from "../identifiers/username.ts";
import type { ProfileChanges, User } from "../users/user.ts";
import { insertUser } from "../users/user-store.ts";
import type { Core } from "./core.ts";
import { encodePassword } from "./encode-password.ts";

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
  const names = parseNames(core, input);
  const password = await encode(core, input);
  return core.db.transaction().execute(async (transaction) => {
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

function parseNames(core: Core, input: CreateUserInput) {
  const username = parseUsername(input.username);
  const phone = input.phoneNumber === undefined ? null : parsePhone(input.phoneNumber, core.options.phones);
  const email = input.email === undefined ? null : parseEmail(input.email);
  const issues = [...issueOf("username", username), ...issueOf("phoneNumber", phone), ...issueOf("email", email)];
  if (!username.ok || phone?.ok === false || email?.ok === false) {
    throw new AuthError("invalid_input", "The input is not valid", { issues });
  }
  return {
    username: username.username,
    usernameKey: username.key,
    phoneNumber: phone?.phoneNumber ?? null,
    email: email?.email ?? null,
    emailKey: email?.key ?? null,
  };
}

type Parsed = { readonly ok: true } | { readonly ok: false; readonly reason: string };

function issueOf(field: string, parsed: Parsed | null): InputIssue[] {
  return parsed === null || parsed.ok ? [] : [{ path: [field], message: parsed.reason }];
}

async function encode(core: Core, { password, ...input }: CreateUserInput) {
  // An account from Django is as old as its tokens, which stay good; a new one refuses every token older than itself.
  if (typeof password !== "string") return { password: password.djangoHash, credentialsChangedAt: new Date(0) };
  const person = { ...input.profile, ...input };
  return { password: await encodePassword(core, password, { field: "password", person }) };
}
