import { AuthError, type Clock, fetchJson } from "@latchkey/auth/verify";

/** What is asked of the service: whether a token is good, and whether its owner holds a permission. */
export interface Question {
  readonly token: string;
  readonly permission: string | null;
}

export interface OnlineAnswer {
  readonly isActive: boolean;
  /** Whether the permission that was asked for is held; false where none was. */
  readonly isPermitted: boolean;
}

/** How a router of tRPC writes its inputs and answers, as superjson does. */
export interface Transformer {
  serialize(value: unknown): unknown;
  deserialize(value: never): unknown;
}

export interface OnlineCheckOptions {
  /** Where the service's procedures are. */
  readonly endpoint: URL;
  /** The name under which they are mounted; empty for none. */
  readonly path: string;
  readonly transformer: Transformer | undefined;
  /** Whose tokens are asked about; null for those of a profile that has none. */
  readonly audience: string | null;
  /** Seconds for which an answer is believed. */
  readonly rememberFor: number;
  readonly clock: Clock;
}

const limits = {
  /** Requests at once; what comes meanwhile waits, and goes together. */
  requests: 4,
  /** Questions in one request. */
  batch: 10,
  /** Characters of the tokens in one request, so that its body is well below what a service reads. */
  characters: 32_768,
  /** Questions that wait; beyond it the answer is `unavailable`. */
  waiting: 1_000,
  /** Answers that are remembered. */
  remembered: 10_000,
  /** Seconds for a request, to the last byte of its answer. */
  timeout: 5,
  /** Bytes of an answer that are read. */
  longestAnswer: 64 * 1024,
} as const;

interface Waiting extends Question {
  resolve(answer: OnlineAnswer): void;
  reject(error: unknown): void;
}

/**
 * Asks the service what tokens are worth at this moment. The same question is asked once at a time, however many wait for its answer,
 * and questions that arrive while others are under way go together.
 *
 * The function that it answers throws {@link AuthError} `unavailable` when the service cannot tell.
 */
export function createOnlineCheck(options: OnlineCheckOptions): (question: Question) => Promise<OnlineAnswer> {
  const { rememberFor, clock } = options;
  const remembered = createMemory(rememberFor * 1000, clock);
  const asking = new Map<string, Promise<OnlineAnswer>>();
  const queue: Waiting[] = [];
  let requests = 0;
  /** Requests in a row that came to nothing. */
  let failures = 0;

  function sendWaiting(): void {
    while (requests < limits.requests && queue.length > 0) void send(takeBatch(queue));
  }

  async function send(batch: readonly Waiting[]): Promise<void> {
    requests += 1;
    try {
      const answers = await askService(options, batch);
      failures = 0;
      for (const [index, { resolve, reject }] of batch.entries()) {
        const answer = answers[index] ?? unavailable();
        if (answer instanceof AuthError) reject(answer);
        else resolve(answer);
      }
    } catch (error) {
      failures += 1;
      // One connection may break. After the second, whoever waits would only wait for the same.
      for (const { reject } of [...batch, ...(failures > 1 ? queue.splice(0) : [])]) reject(unavailable(error));
    } finally {
      requests -= 1;
      sendWaiting();
    }
  }

  function enqueue(question: Question): Promise<OnlineAnswer> {
    if (queue.length >= limits.waiting) return Promise.reject(unavailable());
    return new Promise((resolve, reject) => {
      queue.push({ ...question, resolve, reject });
      queueMicrotask(sendWaiting);
    });
  }

  /** What is answered was true when it was asked, or later. */
  async function askAndRemember(key: string, question: Question): Promise<OnlineAnswer> {
    const askedAt = clock.now().getTime();
    try {
      const answer = await enqueue(question);
      remembered.set(key, answer, askedAt);
      return answer;
    } finally {
      asking.delete(key);
    }
  }

  return async function check(question) {
    const key = `${question.permission ?? ""} ${question.token}`;
    const known = remembered.get(key);
    if (known) return known;
    const pending = asking.get(key) ?? askAndRemember(key, question);
    asking.set(key, pending);
    return pending;
  };
}

function takeBatch(queue: Waiting[]): Waiting[] {
  let count = 0;
  let characters = 0;
  for (const { token } of queue.slice(0, limits.batch)) {
    characters += token.length;
    if (count > 0 && characters > limits.characters) break;
    count += 1;
  }
  return queue.splice(0, count);
}

/** Asks in one request; answers, for each question, what was answered or why not. Throws when the service is away. */
async function askService(
  { endpoint, path, transformer, audience }: OnlineCheckOptions,
  questions: readonly Question[],
): Promise<(OnlineAnswer | AuthError)[]> {
  const procedure = path === "" ? "token.verify" : `${path}.token.verify`;
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/${questions.map(() => procedure).join(",")}`;
  url.searchParams.set("batch", "1");
  const inputs = questions.map(({ token, permission }) => {
    const asked = { ...(audience !== null && { audience }), ...(permission !== null && { permissions: [permission] }) };
    const input = { token, ...asked };
    return transformer ? transformer.serialize(input) : input;
  });
  const { status, body } = await fetchJson(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...inputs }),
    timeout: limits.timeout,
    longestAnswer: limits.longestAnswer,
  });
  if (!Array.isArray(body) || body.length !== questions.length)
    throw new Error(`token.verify was answered with ${status}`);
  return body.map((entry: unknown, index) => readEntry(entry, questions[index]?.permission ?? null, transformer));
}

function readEntry(
  entry: unknown,
  permission: string | null,
  transformer: Transformer | undefined,
): OnlineAnswer | AuthError {
  const read = (value: unknown) => (transformer ? transformer.deserialize(value as never) : value);
  const result = memberOf(entry, "result");
  if (result === undefined) return toRefusal(read(memberOf(entry, "error")));
  const answer = read(memberOf(result, "data"));
  const isActive = memberOf(answer, "active");
  if (typeof isActive !== "boolean") return unavailable(new Error("token.verify answered something else"));
  const held = memberOf(answer, "permissions");
  return { isActive, isPermitted: isActive && permission !== null && Array.isArray(held) && held.includes(permission) };
}

/** A refusal to tell says nothing of the token. */
function toRefusal(error: unknown): AuthError {
  const data = memberOf(error, "data");
  const retryAfter = memberOf(data, "retryAfter");
  const cause = new Error(`token.verify was refused: ${String(memberOf(data, "reason") ?? "for no known reason")}`);
  return unavailable(cause, typeof retryAfter === "number" && retryAfter > 0 ? retryAfter : undefined);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function unavailable(cause?: unknown, retryAfter = 1): AuthError {
  return new AuthError("unavailable", "Whether the token is still good cannot be asked at the moment", {
    retryAfter,
    cause,
  });
}

/** Keeps answers for a time, of so many questions at most: the ones that came first go first. */
function createMemory(milliseconds: number, clock: Clock) {
  const entries = new Map<string, { readonly answer: OnlineAnswer; readonly from: number }>();
  return {
    get(key: string): OnlineAnswer | null {
      const entry = entries.get(key);
      if (!entry) return null;
      const age = clock.now().getTime() - entry.from;
      // A clock that was set back says nothing of how long ago it was.
      if (age >= 0 && age < milliseconds) return entry.answer;
      entries.delete(key);
      return null;
    },
    set(key: string, answer: OnlineAnswer, from: number): void {
      if (milliseconds === 0) return;
      entries.delete(key);
      entries.set(key, { answer, from });
      const [oldest] = entries.keys();
      if (entries.size > limits.remembered && oldest !== undefined) entries.delete(oldest);
    },
  };
}
