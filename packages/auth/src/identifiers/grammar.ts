declare const kind: unique symbol;
type Canonical<Kind extends string> = string & { readonly [kind]: Kind };

/** The folded form of a username, under which it is unique and found: {@link usernameKeyPattern}. */
export type Username = Canonical<"username">;

/** A phone number in E.164, such as `+905321234567`: {@link phonePattern}. */
export type PhoneNumber = Canonical<"phone">;

/** The lower-case form of an e-mail address with an ASCII domain, under which it is unique and found: {@link emailPattern}. */
export type EmailAddress = Canonical<"email">;

/** The longest username, in code points, both as written and folded. Django's own limit. */
export const maximumUsernameLength = 150;

// The sources below mean the same to JavaScript and to PostgreSQL, whatever the database's locale: ASCII ranges, no class
// escapes, no quotes. A string matches at most one of them: a phone number has a plus sign, an e-mail address an @, a username neither.

/** E.164 (ITU-T E.164 §6): a plus sign, then 7 to 15 digits, the first of them not zero. */
export const phonePattern = String.raw`^\+[1-9][0-9]{6,14}$`;

/**
 * What the database can say of a username's key without Unicode tables: no ASCII but `a-z`, `0-9`, `_`, `-`, `.`, and none of
 * the last three kinds but `_` at the start. What lies beyond ASCII is the affair of `parseUsername`.
 */
export const usernameKeyPattern = String.raw`^[^\u0001-\u005e\u0060\u007b-\u007f][^\u0001-\u002c\u002f\u003a-\u005e\u0060\u007b-\u007f]{0,149}$`;

const atom = String.raw`[a-z0-9!#$%&\u0027*+/=?^_\u0060{|}~-]+`;
const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const topLabel = "[a-z](?:[a-z0-9-]{0,61}[a-z0-9])";

/** A dot-atom (RFC 5321 §4.1.2) of at most 64 characters at a domain name of two labels or more, 254 characters in all. */
export const emailPattern = String.raw`^(?=.{6,254}$)(?=[^@]{1,64}@)${atom}(?:\.${atom})*@(?:${label}\.)+${topLabel}$`;
