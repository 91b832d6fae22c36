import { StartError } from "../../errors.ts";
import { parseIdentifier } from "../../identifiers/identifier.ts";
import { isAmbiguousPhone } from "../../identifiers/phone.ts";
import { listAliases, listUnreadSources, noteAliasesRead } from "../../imported-users/imported-user-store.ts";
import type { Core } from "../steps/core.ts";

/**
 * Refuses a default country under which somebody's alias would be read as a phone number or another name: its person could not sign in
 * by it, and what they type would mean another. Looked at once for each country, and after each import.
 *
 * @throws StartError
 */
export async function requireAliases({ db, options }: Pick<Core, "db" | "options">): Promise<void> {
  const country = options.phones.defaultCountry ?? "";
  for (const source of await listUnreadSources(db, country)) {
    const read: string[] = [];
    let after = "";
    for (
      let page = await listAliases(db, source, after);
      page.length > 0;
      page = await listAliases(db, source, after)
    ) {
      read.push(
        ...page.filter((alias) => isAmbiguousPhone(alias, options.phones) || parseIdentifier(alias, options.phones)),
      );
      after = page.at(-1) ?? "";
    }
    if (read.length > 0) throw new StartError(describe(country, source, read));
    await noteAliasesRead(db, source, country);
  }
}

function describe(country: string, source: string, read: readonly string[]): string {
  const setting = country === "" ? "Without PHONE_DEFAULT_COUNTRY" : `With PHONE_DEFAULT_COUNTRY=${country}`;
  const examples = read.slice(0, 3).join(", ");
  return `${setting}, ${read.length} names by which people of ${source} sign in would be read as others, such as ${examples}: set the country of the import, or give these people another name.`;
}
