import { type ProfileDefinition, withIssueCode } from "@latchkey/auth";
import { profileFields } from "@latchkey/auth/internal";
import type { TRPCMutationProcedure, TRPCQueryProcedure } from "@trpc/server";
import { z } from "zod";
import type { ProcedureMeta } from "./cookie-mode.ts";
import type { ErrorShape } from "./error-shape.ts";

/**
 * Text from outside. Its length is bounded before anything else looks at it; NUL and half surrogate pairs, which the database
 * cannot keep, are refused.
 */
export const text = (maximum: number) =>
  z
    .string()
    .min(1, "must not be empty")
    .max(maximum, `must be at most ${maximum} characters`)
    .refine(
      (value) => !value.includes("\0") && value.isWellFormed(),
      withIssueCode("invalid_characters", "holds characters that are not allowed"),
    );

/** A name at sign-in: longer than any username, phone number or e-mail address can be. */
export const identifierText = text(320);

/** A password as it is typed, in UTF-16 units; the policy counts code points. */
export const passwordText = text(1_024);

/**
 * A password that is to be set. One that did not arrive in UTF-8 has the same sign in the place of every letter that could not be read, so that
 * others would open the account as well.
 */
export const newPasswordText = passwordText.refine(
  (value) => !value.includes("\ufffd"),
  withIssueCode("invalid_characters", "holds characters that did not arrive: send it in UTF-8"),
);

/** An access or refresh token. Longer texts are refused by what reads them. */
export const tokenText = text(8_192);

/** What `codes.start` answers as `challenge`, and the tickets: 128 random bits. */
export const challengeText = text(64);

/** A code as a person types it, with spaces and in the digits of any script. */
export const codeText = text(64);

/** What an authenticator app shows, in the digits of any script. */
export const totpText = text(64);

/** Bytes as base64url. */
const bytesText = (maximum: number) =>
  z
    .string()
    .min(1, "must not be empty")
    .max(maximum, `must be at most ${maximum} characters`)
    .regex(/^[\w-]*$/, "is not base64url");

/** As long as WebAuthn lets it be: 1,023 bytes. */
const credentialId = bytesText(1_364);

const clientDataJSON = bytesText(8_192);

/** What every `PublicKeyCredential.toJSON()` has beside what is read (WebAuthn §5.1). */
const beside = {
  rawId: credentialId.optional(),
  type: z.literal("public-key").optional(),
  authenticatorAttachment: text(64).nullish(),
  clientExtensionResults: z.unknown().optional(),
};

/** What `navigator.credentials.get` answered, as JSON. */
export const passkeyAssertion = z.strictObject({
  id: credentialId,
  response: z.strictObject({
    clientDataJSON,
    authenticatorData: bytesText(4_096),
    signature: bytesText(4_096),
    userHandle: bytesText(128).nullish(),
  }),
  ...beside,
});

/** What `navigator.credentials.create` answered, as JSON. */
export const passkeyRegistration = z.strictObject({
  id: credentialId,
  response: z.strictObject({
    clientDataJSON,
    attestationObject: bytesText(8_192),
    transports: z.array(text(32)).max(16).optional(),
    authenticatorData: bytesText(8_192).optional(),
    publicKey: bytesText(8_192).nullish(),
    publicKeyAlgorithm: z.int().optional(),
  }),
  ...beside,
});

/** What the device that asks kept from its last sign-in. The whole input may be left out. */
export const shownDevice = z.strictObject({ deviceMark: text(64).optional() }).prefault({});

/** A language tag (BCP 47), such as `pt-BR`. */
export const localeText = z
  .string()
  .max(35)
  .regex(/^[a-z]{2,8}(-[a-z0-9]{1,8})*$/i, "is not a language tag such as pt-BR");

/** One thing, by its id. */
export const byId = z.strictObject({ id: z.uuid() });

/** How many rows a page has. */
export const pageLimit = z.int().min(1).max(100).default(25);

/** `nextCursor` of the page before. */
export const cursorText = text(1_024);

/** `nextCursor` of a list of events. */
export const eventCursor = z.string().regex(/^\d{1,18}$/, "is not one of this list");

/** A time with its zone, such as `2026-11-26T10:00:00Z`. */
export const moment = z.iso.datetime({ offset: true, error: "must be a time such as 2026-11-26T10:00:00Z" });

/** Permissions by name; whether there are such is the core's to say. */
export const permissionList = z.array(text(150)).max(500);

/**
 * An input that takes any of the profile's fields beside the given ones, and nothing else. In its type are the built-in fields: what a
 * team declares is known when it runs, and {@link taking} adds its type.
 */
export function profileInput<Shape extends z.ZodRawShape>({ fields }: ProfileDefinition, others: Shape) {
  const own = Object.entries(fields).filter(([name]) => !(name in profileFields));
  const optional = own.map(([name, schema]) => [name, z.optional(schema as z.ZodType)]);
  return z
    .strictObject(profileFields)
    .partial()
    .extend({ ...others, ...(Object.fromEntries(optional) as object) });
}

/** The types of a procedure, as tRPC notes them. */
export interface ProcedureTypes<Input, Output> {
  input: Input;
  output: Output;
  meta: ProcedureMeta;
  errorShape: ErrorShape;
}

/** The same mutation, with fields in its input's type that a team declares: tRPC infers none that is generic. */
export function taking<Fields extends object>() {
  return <Input, Output>(procedure: TRPCMutationProcedure<ProcedureTypes<Input, Output>>) =>
    procedure as TRPCMutationProcedure<ProcedureTypes<Input & Fields, Output>>;
}

/** The same query, with a filter in its input's type, which may be left out altogether. */
export function filteredBy<Filter extends object>() {
  return <Input, Output>(procedure: TRPCQueryProcedure<ProcedureTypes<Input | undefined, Output>>) =>
    procedure as TRPCQueryProcedure<ProcedureTypes<(Input & Filter) | undefined, Output>>;
}
