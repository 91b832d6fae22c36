import { randomBytes, randomUUID } from "node:crypto";
import type { Plan, SignedIn } from "./plan.ts";

export interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Told the body of the answer, where anybody wants it. */
  readonly take?: (body: string) => void;
}

/** Whoever is at the other end of one connection: makes one call after the other. */
export type Visitor = () => Call;

/** The visitor of the connection with this number. */
export function createVisitor(plan: Plan, number: number, connections: number): Visitor {
  if (plan.kind === "get") return createReader(plan.path, shareOf(plan.tokens ?? [], number, connections));
  if (plan.kind === "signIn") return createSignIn(plan, number, connections);
  if (plan.kind === "forge") return createForger(plan.token, plan.calls);
  if (plan.kind === "guess") return createGuesser(plan.calls);
  const person = plan.people[number];
  if (!person) throw new RangeError("There are more connections than people");
  if (plan.kind === "refresh") return createRefresher(person);
  return createMixedVisitor(person, createSignIn(plan, number, connections), number);
}

/** Every so-manieth of a list, so that no two connections have one in common. */
function shareOf<T>(list: readonly T[], number: number, connections: number): T[] {
  return list.filter((_, index) => index % connections === number % Math.max(1, list.length));
}

function createReader(path: string, tokens: readonly string[]): Visitor {
  const calls = tokens.map((token) => readCall(path, token));
  if (calls.length === 0) calls.push(readCall(path));
  let turn = 0;
  return () => calls[turn++ % calls.length] as Call;
}

function readCall(path: string, token?: string): Call {
  return { method: "GET", path, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } };
}

const post = (procedure: string, input: object, headers: Call["headers"] = {}): Call => ({
  method: "POST",
  path: `/trpc/${procedure}`,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(input),
});

interface SignInPlan {
  readonly usernames: readonly string[];
  readonly password: string;
}

function createSignIn({ usernames, password }: SignInPlan, number: number, connections: number): Visitor {
  const own = shareOf(usernames, number, connections);
  let turn = 0;
  return () => post("token.obtain", { username: own[turn++ % own.length], password });
}

/** Asks what tokens are worth that it makes up: every other one looks right but for its signature. */
function createForger(token: string, calls: number): Visitor {
  const [header, payload] = token.split(".");
  const forge = (number: number) =>
    number % 2 ? "x" : `${header}.${payload}.${randomBytes(64).toString("base64url")}`;
  return () =>
    postBatch(
      "token.verify",
      Array.from({ length: calls }, (_, number) => ({ token: forge(number) })),
    );
}

/** Tries names that nobody has. */
function createGuesser(calls: number): Visitor {
  const guess = () => ({ username: `nobody_${randomUUID().slice(0, 8)}`, password: "not the password" });
  return () => postBatch("token.obtain", Array.from({ length: calls }, guess));
}

function postBatch(procedure: string, inputs: readonly object[]): Call {
  const path = `${inputs.map(() => procedure).join()}?batch=1`;
  return post(path, Object.fromEntries(inputs.entries()));
}

/** Trades its refresh token for the next one, time and again. */
function createRefresher(person: SignedIn): Visitor {
  let { refreshToken } = person;
  const take = (body: string) => {
    const answer = JSON.parse(body) as { result?: { data: SignedIn } };
    refreshToken = answer.result?.data.refreshToken ?? refreshToken;
  };
  return () => ({ ...post("token.refresh", { refreshToken }), take });
}

/**
 * What a service meets in a day, the odd ones among it: of a hundred calls about seventy read, twelve refresh, the rest look at
 * tokens and devices, change the profile, or are refused; one of two thousand signs in.
 */
function createMixedVisitor(person: SignedIn, signIn: Visitor, number: number): Visitor {
  const refresh = createRefresher(person);
  const bearer = { authorization: `Bearer ${person.token}` };
  const read = readCall("/trpc/me.get", person.token);
  const day: Visitor[] = [
    ...Array<Visitor>(14).fill(() => read),
    refresh,
    refresh,
    () => post("token.verify", { token: person.token }),
    () => readCall("/trpc/sessions.list", person.token),
    () => post("me.update", { city: `City ${turn % 100}` }, bearer),
    () => readCall("/trpc/me.get", `${person.token.slice(0, -8)}AAAAAAAA`),
  ];
  let turn = number;
  return () => {
    turn++;
    return turn % 2_000 === 0 ? signIn() : (day[turn % day.length]?.() ?? read);
  };
}
