import type { AuthError } from "../errors.ts";
import type { RequestInfo } from "../flows/steps/core.ts";
import type { Inbox } from "./inbox.ts";
import type { TestAuth } from "./index.ts";

/** The password of everybody whom {@link createProvedPerson} creates. */
export const password = "correct horse battery";

/** Everybody has names and an address of their own, in whatever test of this process. */
let people = 0;

/** What a call says that comes from where no other comes from, so that no limit counts the two together. */
export const freshFacts = ({ facts }: Pick<TestAuth, "facts">): RequestInfo => ({
  ...facts,
  address: `2001:db8:${(++people).toString(16)}::1`,
});

/** A username that nobody has. */
export const freshUsername = (): string => `person_${++people}`;

/** A mobile number that nobody has. */
export const freshNumber = (): string => `+90532${String(++people).padStart(7, "0")}`;

export interface ProvedPerson {
  readonly id: string;
  readonly username: string;
  readonly phoneNumber: string;
}

/** Somebody with {@link password}, and a number that they have proved. */
export async function createProvedPerson({ auth, database }: TestAuth): Promise<ProvedPerson> {
  const [username, phoneNumber] = [freshUsername(), freshNumber()];
  const { id } = await auth.createUser({ username, phoneNumber, password });
  await database.query(
    "update latchkey.users set phone_vouched_at = null, phone_proved_at = latchkey.now() where id = $1",
    [id],
  );
  return { id, username, phoneNumber };
}

/** For what is expected to be refused: `await action().catch(refusalOf)`. */
export const refusalOf = (error: AuthError): AuthError => error;

/** The code of what is expected to be refused; a defect is thrown on. */
export function codeOf(error: { readonly code?: string }): string {
  if (error.code === undefined) throw error;
  return error.code;
}

/** Asks for a code to a number, and shows it. */
export async function signInByCode(
  { auth, facts }: Pick<TestAuth, "auth" | "facts">,
  { purpose, to, inbox }: { readonly purpose: "sign_in" | "enter"; readonly to: string; readonly inbox: Inbox },
) {
  const { challenge } = await auth.startCode({ purpose, to }, freshFacts({ facts }));
  return auth.signInByCode({ challenge, code: (await inbox.take(to)).code }, freshFacts({ facts }));
}
