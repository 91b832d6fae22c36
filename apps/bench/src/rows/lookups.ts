import { randomInt } from "node:crypto";
import { openStorage, type Queries } from "@latchkey/auth/storage";
import { findAccount, type UserName } from "@latchkey/auth/users";
import type { Bench } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { compare, type Measurement } from "../measurement.ts";
import type { Place } from "../seeding/places.ts";
import { phoneNumberOf, usernameOf } from "../seeding/seed.ts";
import type { Row } from "./row.ts";

/** The query that finds a person at sign-in, among many and among few. */
export const lookups: Row = {
  name: "lookups",
  async measure(bench) {
    return [
      await measureKind(bench, "username", (number) => ({ kind: "username", value: usernameOf(number) })),
      await measureKind(bench, "phone number", (number) => ({ kind: "phone", value: phoneNumberOf(number) })),
    ];
  },
};

type NameOf = (number: number) => UserName;

async function measureKind({ places, sizes }: Bench, kind: string, nameOf: NameOf): Promise<Measurement> {
  const [small, large] = [await places.small(), await places.large()];
  const [few, many] = [openStorage(small.connection), openStorage(large.connection)];
  try {
    const figures = await interleave(sizes.repetitions, {
      measured: () => timeLookups(many.db, large, { nameOf, count: sizes.lookups }),
      reference: () => timeLookups(few.db, small, { nameOf, count: sizes.lookups }),
    });
    const what = `lookup by ${kind} among ${large.rows.toLocaleString("en")} users against ${small.rows.toLocaleString("en")}`;
    return compare({ row: "lookups", what, unit: "µs", target: { atMost: 1.25 } }, figures, (figure) => figure);
  } finally {
    await Promise.all([few.close(), many.close()]);
  }
}

/** Microseconds of one lookup, each of somebody else, one after the other. */
async function timeLookups(db: Queries, { rows }: Place, { nameOf, count }: { nameOf: NameOf; count: number }) {
  const startedAt = performance.now();
  for (let lookup = 0; lookup < count; lookup++) {
    const found = await findAccount(db, nameOf(randomInt(1, rows + 1)));
    if (!found) throw new Error("Somebody was not found");
  }
  return ((performance.now() - startedAt) * 1000) / count;
}
