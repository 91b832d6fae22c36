import { createHash } from "node:crypto";
import { type Auth, createAuth } from "@latchkey/auth";
import { hash } from "@node-rs/bcrypt";
import pg from "pg";
import type { SignedIn } from "../load/plan.ts";

export const password = "correct horse battery";
export const usernameOf = (number: number) => `user_${number}`;
export const phoneNumberOf = (number: number) => `+90532${String(number).padStart(7, "0")}`;

const facts = { requestId: null, address: "192.0.2.1", userAgent: "bench" };

export interface Seeding {
  readonly connection: pg.PoolConfig;
  readonly secret: string;
  /** How many people there will be; each has one session. */
  readonly people: number;
  /** How many of the sessions were opened by a sign-in, and come with their tokens: spread evenly over all. */
  readonly signedIn: number;
}

/**
 * Migrates and fills an empty database. Most rows are made by one statement for many; the people who are signed in are so through
 * the core, each after their share of the others, so that their rows lie all over the tables and the indexes.
 */
export async function seed({ connection, secret, people, signedIn }: Seeding): Promise<SignedIn[]> {
  // What is lost when the server dies is of no use to anybody without the rest.
  const options = "-c synchronous_commit=off";
  const tokens = { lifetime: 86_400 };
  const auth = createAuth({ ...connection, options }, { secret, tokens, passwords: { cost: 4 } });
  try {
    await auth.initialize();
    const encoded = await encodePassword(password, 4);
    const share = people / signedIn;
    const answers: SignedIn[] = [];
    for (let number = 1; number <= signedIn; number++) {
      const [from, last] = [Math.floor((number - 1) * share) + 1, Math.floor(number * share)];
      await insertPeople(auth, { from, to: last, encoded });
      await insertSessions(auth, { from, to: last - 1 });
      const { token, refreshToken } = await auth.signIn({ username: usernameOf(last), password }, facts);
      answers.push({ token, refreshToken });
    }
    await vacuum(connection);
    return answers;
  } finally {
    await auth.close();
  }
}

/** By a connection of its own: it takes longer than a statement of the core may. */
async function vacuum(connection: pg.PoolConfig): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    await client.query("vacuum analyze latchkey.users, latchkey.sessions");
  } finally {
    await client.end();
  }
}

/** Adds people who can sign in at the service's own cost, from number `from` to number `to`. */
export async function insertPeopleAtCost(
  auth: Auth,
  { from, to, cost }: { readonly from: number; readonly to: number; readonly cost: number },
): Promise<string[]> {
  await insertPeople(auth, { from, to, encoded: await encodePassword(password, cost) });
  return Array.from({ length: to - from + 1 }, (_, index) => usernameOf(from + index));
}

/** One hash for all of them: nobody looks whether salts differ. */
async function encodePassword(text: string, cost: number): Promise<string> {
  return `bcrypt_sha256$${await hash(createHash("sha256").update(text).digest("hex"), { cost })}`;
}

interface People {
  readonly from: number;
  readonly to: number;
  readonly encoded: string;
}

async function insertPeople({ pool }: Auth, { from, to, encoded }: People): Promise<void> {
  await pool.query(
    `insert into latchkey.users
       (id, username, username_key, phone_number, password, first_name, last_name, gender, country, city)
     select uuidv7(), 'user_' || number, 'user_' || number, '+90532' || lpad(number::text, 7, '0'), $3,
       'Ayşe', 'Yılmaz', 'Female', 'Türkiye', 'İzmir'
     from generate_series($1::int, $2::int) number`,
    [from, to, encoded],
  );
}

async function insertSessions({ pool }: Auth, { from, to }: { readonly from: number; readonly to: number }) {
  await pool.query(
    `insert into latchkey.sessions
       (id, user_id, refresh_hash, idle_expires_at, expires_at, address, user_agent)
     select uuidv7(), person.id, sha256(person.id::text::bytea), now() + interval '30 days', now() + interval '90 days',
       '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
     from generate_series($1::int, $2::int) number
     join latchkey.users person on person.username_key = 'user_' || number`,
    [from, to],
  );
}
