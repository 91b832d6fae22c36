import { createAuth } from "@latchkey/auth";
import type pg from "pg";
import type { SignedIn } from "../load/plan.ts";
import type { ProcessOptions } from "../processes/processes.ts";
import type { Service } from "../service/service.ts";
import type { Sizes } from "../sizes.ts";
import { insertPeopleAtCost, seed } from "./seed.ts";

/** A database with people in it. */
export interface Place {
  readonly connection: pg.PoolConfig;
  /** How many users and sessions it was filled with. */
  readonly rows: number;
  readonly signedIn: readonly SignedIn[];
}

/** The database and the service that most rows use. */
export interface Everyday {
  readonly connection: pg.PoolConfig;
  readonly service: Service;
  /** So many people who are signed in, and whom no other row has. */
  take(count: number): SignedIn[];
  /** People who can sign in, with the password `password` of `apps/bench/src/seeding/seed.ts`. */
  readonly usernames: readonly string[];
}

/** Databases are filled when the first row needs them. */
export interface Places {
  everyday(): Promise<Everyday>;
  small(): Promise<Place>;
  large(): Promise<Place>;
  /** A database with nothing in it, not even a schema. */
  empty(name: string): Promise<pg.PoolConfig>;
}

export interface PlacesOptions {
  readonly sizes: Sizes;
  readonly say: (line: string) => void;
  readonly secret: string;
  connectionTo(database: string): pg.PoolConfig;
  createDatabase(name: string): Promise<void>;
  startService(options: { readonly connection: pg.PoolConfig } & ProcessOptions): Promise<Service>;
}

/** People who can sign in at the service's own cost: enough that none meets a limit for an account. */
const signInPeople = 2_000;
export function preparePlaces(options: PlacesOptions): Places {
  const { sizes } = options;
  return {
    everyday: once(() => openEveryday(options)),
    small: once(() => fill(options, { name: "small", rows: sizes.few, signedIn: sizes.few })),
    large: once(() => fill(options, { name: "large", rows: sizes.many, signedIn: sizes.few })),
    async empty(name) {
      await options.createDatabase(name);
      return options.connectionTo(name);
    },
  };
}

interface Filling {
  readonly name: string;
  readonly rows: number;
  readonly signedIn: number;
}

async function fill(options: PlacesOptions, { name, rows, signedIn }: Filling): Promise<Place> {
  options.say(`fills the ${name} database: ${rows.toLocaleString("en")} users, each with a session`);
  await options.createDatabase(name);
  const connection = options.connectionTo(name);
  const people = await seed({ connection, secret: options.secret, people: rows, signedIn });
  return { connection, rows, signedIn: people };
}

async function openEveryday(options: PlacesOptions): Promise<Everyday> {
  const { people } = options.sizes;
  const { connection, signedIn } = await fill(options, { name: "everyday", rows: people, signedIn: people });
  const range = { from: people + 1, to: people + signInPeople };
  const usernames = await insertSignInPeople(connection, options, range);
  const left = [...signedIn];
  const take = (count: number) => {
    if (left.length < count) throw new RangeError("Everybody is taken");
    return left.splice(0, count);
  };
  return { connection, usernames, take, service: await options.startService({ connection }) };
}

async function insertSignInPeople(
  connection: pg.PoolConfig,
  { secret, sizes }: PlacesOptions,
  range: { readonly from: number; readonly to: number },
): Promise<string[]> {
  const auth = createAuth(connection, { secret });
  try {
    return await insertPeopleAtCost(auth, { ...range, cost: sizes.cost });
  } finally {
    await auth.close();
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
