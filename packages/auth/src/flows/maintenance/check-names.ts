import type { PhoneNumber } from "../../identifiers/grammar.ts";
import { doubtPhone } from "../../identifiers/phone.ts";
import { findAccount, listKeyboardPairs, listPhoneHolders } from "../../users/user-store.ts";
import type { Core } from "../steps/core.ts";
import { type Reader, seesContact } from "../steps/masked-contact.ts";

const pageLength = 5_000;
/** Of each kind, so that the answer can be read; how many there are is told too. */
const mostListed = 20;

/**
 * What is wrong with the names that are stored: lines and usernames of two accounts, and numbers that are not valid any more or were once
 * read wrongly. Nothing is changed: who proves a number by code, or an administrator, decides. It reads every number, in pages. A reader who may
 * not see numbers is told how many there are.
 */
export async function examineNames(core: Core, reader?: Reader): Promise<string[]> {
  const warn = (await seesContact(core, reader)) ? listFound : countFound;
  const [shared, misread, invalid]: [string[], string[], string[]] = [[], [], []];
  for await (const { id, username, phoneNumber } of eachPhoneHolder(core)) {
    const name = username ?? id;
    const doubt = doubtPhone(phoneNumber as PhoneNumber);
    if (doubt?.kind === "invalid") invalid.push(`${name} (${phoneNumber})`);
    if (doubt?.kind === "misread") misread.push(`${name} (${phoneNumber}, perhaps ${doubt.meant})`);
    if (doubt?.kind !== "earlier_form") continue;
    const other = await findAccount(core.db, { kind: "phone", value: doubt.present });
    if (other) shared.push(`${name} (${phoneNumber}) and ${other.username ?? other.id} (${doubt.present})`);
  }
  const pairs = await listKeyboardPairs(core.db, mostListed + 1);
  const twins = pairs.map(({ username, other }) => `${username} and ${other}`);
  return [
    ...warn("One phone line has two accounts; take it from the one that is not its owner's", shared),
    ...warn("One username has two accounts that differ by the keyboard only; rename one", twins),
    ...warn("A phone number was perhaps read wrongly; ask its owner and correct it", misread),
    ...warn("A phone number is not valid any more; its owner signs in with it, and may have another by now", invalid),
  ];
}

async function* eachPhoneHolder({ db }: Core) {
  let after = "";
  while (true) {
    const page = await listPhoneHolders(db, after, pageLength);
    yield* page;
    after = page.at(-1)?.phoneNumber ?? "";
    if (page.length < pageLength) return;
  }
}

type TellFound = (what: string, found: readonly string[]) => string[];

const countFound: TellFound = (what, found) => (found.length === 0 ? [] : [`${what}: ${found.length}.`]);

const listFound: TellFound = (what, found) => {
  if (found.length === 0) return [];
  const more = found.length > mostListed ? `; and ${found.length - mostListed} more` : "";
  return [`${what}: ${found.slice(0, mostListed).join("; ")}${more}.`];
};
