import { recordEvent } from "../../audit/audit-log.ts";
import { insertImportedConsent } from "../../consents/consent-store.ts";
import { AuthError } from "../../errors.ts";
import type { ImportedKey } from "../../imported-users/imported-user.ts";
import { readStoredPassword } from "../../passwords/django.ts";
import type { ProfileChanges, User } from "../../users/user.ts";
import { insertUser, markOldTokensEnded, passwordChangeDue, vouchFor } from "../../users/user-store.ts";
import { createUuid } from "../../uuid.ts";
import type { Core } from "../steps/core.ts";
import { encodePassword } from "../steps/encode-password.ts";
import { requireFreeForms } from "../steps/find-named.ts";
import { forbidConsentForOthers } from "../steps/note-consent.ts";
import { parseNewNames } from "../steps/parse-names.ts";
import { requireFreeUsername } from "../steps/require-free-username.ts";
import { tellHook } from "../steps/tell-hooks.ts";
import { heldRanks } from "./ranks.ts";
import { requireLinked } from "./record-imported-users.ts";

export interface CreateUserInput {
  /** One of username, phone number and e-mail address is needed. */
  readonly username?: string | undefined;
  /** What the person will sign in with, or a hash that Django made, word for word, for an account that comes from there. */
  readonly password: string | { readonly djangoHash: string };
  /** Whether the owner replaces it at the first sign-in, because they did not choose it themselves; false unless said. */
  readonly isPasswordToBeReplaced?: boolean | undefined;
  readonly phoneNumber?: string | undefined;
  readonly email?: string | undefined;
  readonly profile?: ProfileChanges;
  readonly isStaff?: boolean;
  readonly isSuperuser?: boolean;
  /** The person of another system who this is, whom a complete round has seen: see `importedUsers` of `Auth`. */
  readonly importedFrom?: ImportedKey | undefined;
}

/**
 * Creates an account in the name of an administrator, who vouches for its phone number and e-mail address.
 *
 * @throws AuthError `invalid_input`, `password_rejected`, `identifier_taken`, `not_found` for an unknown or deleted imported person,
 * `refused_by_hook`, `hook_failed`
 */
export async function createUser(core: Core, input: CreateUserInput): Promise<User> {
  const names = parseNewNames(core, input);
  const { importedFrom } = input;
  // What another system says of somebody is noted as that, without a day.
  if (!importedFrom) forbidConsentForOthers(false, input.profile?.isApprovedToBeInTouch);
  const password = await encode(core, input);
  return core.db.transaction().execute(async (transaction) => {
    await requireFreeUsername(transaction, names, { importedFrom, isTrusted: true });
    await requireFreeForms(transaction, names);
    const user = await insertUser(transaction, core.profile, {
      id: createUuid(),
      ...names,
      // What another system says of somebody is a claim.
      ...(importedFrom ? {} : vouchFor(names)),
      password,
      ...(input.isPasswordToBeReplaced && passwordChangeDue),
      ...input.profile,
      isStaff: input.isStaff ?? false,
      isSuperuser: input.isSuperuser ?? false,
    });
    if (importedFrom) await requireLinked(transaction, importedFrom, user.id);
    if (user.isApprovedToBeInTouch) await insertImportedConsent(transaction, user.id);
    // A password that was chosen here is not the one that its old tokens were given for.
    if (typeof input.password === "string") await markOldTokensEnded(transaction, user.id);
    const facts = { actorId: null, subjectId: user.id, address: null, requestId: null };
    const by = importedFrom ? "import" : "command_line";
    await recordEvent(transaction, { event: "user_created", by, ...heldRanks(user) }, facts);
    await tellHook(core, transaction, "userCreated", { user, by, request: null });
    return user;
  });
}

async function encode(core: Core, { password, ...input }: CreateUserInput): Promise<string> {
  if (typeof password !== "string") return requireDjangoHash(password.djangoHash);
  const { importedFrom: _, ...names } = input;
  const person = { ...input.profile, ...names };
  return encodePassword(core, password, { field: "password", person });
}

/** A hash that could never be verified would lock its owner out without a word; `!` says that this is meant. */
function requireDjangoHash(encoded: string): string {
  if (encoded.startsWith("!") || readStoredPassword(encoded)) return encoded;
  const issues = [
    {
      path: ["password"],
      code: "invalid_format" as const,
      message: "is not a password hash that Django makes, or one too costly to check",
    },
  ];
  throw new AuthError("invalid_input", "The password hash cannot be read", { issues });
}
