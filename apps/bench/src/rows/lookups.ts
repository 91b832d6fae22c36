import { randomInt } from "node:crypto";
import { openStorage, type Queries } from "@latchkey/auth/storage";
import { findAccount, type UserName } from "@latchkey/auth/users";
import { interleave } from "../interleave.ts";
import { compare } from "../measurement.ts";
import type { Place } from "../seeding/places.ts";
import { phoneNumberOf, usernameOf } from "../seeding/seed.ts";
import type { Row } from "./row.ts";

/**
 * The query that finds a person at sign-in, among many and among few. All kinds take turns: whichever was first would read what no other has read
 * before, and write to the disk what the filling has left in PostgreSQL's memory.
 */
export const lookups: Row = {
  name: "lookups",
  async measure({ places, sizes }) {
    const [small, large] = [await places.small(), await places.large()];
    const [few, many] = [openStorage(small.connection), openStorage(large.connection)];
    const count = sizes.lookups / 5;
    const amongMany = (nameOf: NameOf) => () => timeLookups(many.db, large, { nameOf, count });
    const amongFew = (nameOf: NameOf) => () => timeLookups(few.db, small, { nameOf, count });
    const tell = (kind: string, measured: readonly number[], reference: readonly number[]) => {
      const what = `lookup by ${kind} among ${large.rows.toLocaleString("en")} users against ${small.rows.toLocaleString("en")}`;
      const row = { row: "lookups", what, unit: "µs", target: { atMost: 1.25 } };
      return compare(row, { measured, reference }, (figure) => figure);
    };
    try {
      const figures = await interleave(sizes.turns, {
        username: amongMany(username),
        usernameOfFew: amongFew(username),
        phone: amongMany(phone),
        phoneOfFew: amongFew(phone),
      });
      return [
        tell("username", figures.username, figures.usernameOfFew),
        tell("phone number", figures.phone, figures.phoneOfFew),
      ];
    } finally {
      await Promise.all([few.close(), many.close()]);
    }
  },
};

type NameOf = (number: number) => UserName;

const username: NameOf = (number) => ({ kind: "username", value: usernameOf(number) });
const phone: NameOf = (number) => ({ kind: "phone", value: phoneNumberOf(number) });

/** Microseconds of one lookup, each of somebody else, one after the other. */
async function timeLookups(db: Queries, { rows }: Place, { nameOf, count }: { nameOf: NameOf; count: number }) {
  const startedAt = performance.now();
  for (let lookup = 0; lookup < count; lookup++) {
    const found = await findAccount(db, nameOf(randomInt(1, rows + 1)));
    if (!found) throw new Error("Somebody was not found");
  }
  return ((performance.now() - startedAt) * 1000) / count;
}
