import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import { AuthError } from "../errors.ts";
import { type FindVerificationKey, toKeyError } from "./access-token.ts";
import { fetchJson } from "./fetch-json.ts";

/** Times in seconds. */
const times = {
  /** After which keys are fetched anew: for as long the service lets them be cached, and it publishes new ones twice as long before use. */
  maxAge: 300,
  /** Between two fetches because of a key id that nobody has. */
  cooldown: 10,
  /** After a fetch that failed. */
  cooldownAfterFailure: 5,
  /** For a fetch, to the last byte. */
  timeout: 5,
};

/** Bytes of an answer that are read. A set of keys has a few hundred for each. */
const longestAnswer = 64 * 1024;

export interface RemoteKeysOptions {
  /** Seconds for which keys are good after they were fetched, while they cannot be fetched again. */
  readonly staleFor: number;
}

type FindKey = ReturnType<typeof createLocalJWKSet>;

/**
 * Finds keys at an address. However many tokens come, and whatever key ids they name, it fetches once in ten seconds at most, and once
 * in five while that fails.
 */
export function findRemoteKey(url: URL, { staleFor }: RemoteKeysOptions): FindVerificationKey {
  if (!(staleFor >= 1 && staleFor <= 30 * 86_400)) throw new RangeError("staleFor is not 1 second to 30 days");
  let keys: FindKey | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let fetching: Promise<void> | undefined;

  /** Tries to fetch the keys; callers at the same moment share the try. */
  async function renew(): Promise<void> {
    if (secondsSince(failedAt) < times.cooldownAfterFailure) return;
    fetching ??= fetchKeys(url)
      .then((fetched) => {
        keys = fetched;
        fetchedAt = Date.now();
      })
      .catch((error: unknown) => {
        failedAt = Date.now();
        failure = error;
      })
      .finally(() => {
        fetching = undefined;
      });
    await fetching;
  }

  const isYoungerThan = (seconds: number) => secondsSince(fetchedAt) < seconds;

  function unavailable(): AuthError {
    const retryAfter = Math.max(1, Math.ceil(times.cooldownAfterFailure - secondsSince(failedAt)));
    const message = "The signing keys cannot be read at the moment";
    return new AuthError("unavailable", message, { retryAfter, cause: failure });
  }

  return async (header) => {
    if (!isYoungerThan(Math.min(times.maxAge, staleFor))) await renew();
    if (!keys || !isYoungerThan(staleFor))
      throw isOfService(header.kid) ? unavailable() : new AuthError("token_invalid", "The token is not valid");
    const key = await find(keys, header);
    if (key) return key;
    if (!isYoungerThan(times.cooldown)) await renew();
    const published = await find(keys, header);
    if (published) return published;
    // Whoever has looked of late has seen every key that may sign; whoever has not cannot tell.
    throw isYoungerThan(2 * times.maxAge) ? new AuthError("token_invalid", "The token is not valid") : unavailable();
  };
}

/** A clock that was set back says nothing of how long ago something was. */
function secondsSince(milliseconds: number): number {
  const passed = (Date.now() - milliseconds) / 1000;
  return passed < 0 ? Number.POSITIVE_INFINITY : passed;
}

/** The service names its keys by their thumbprints (RFC 7638): whatever else is named is none of them. */
const isOfService = (kid: string) => /^[\w-]{43}$/.test(kid);

async function find(keys: FindKey, header: Parameters<FindVerificationKey>[0]) {
  try {
    return await keys(header);
  } catch (error) {
    const refusal = toKeyError(error);
    if (refusal.code === "token_invalid") return null;
    throw refusal;
  }
}

async function fetchKeys(url: URL): Promise<FindKey> {
  const { status, body } = await fetchJson(url, { timeout: times.timeout, longestAnswer });
  if (status !== 200) throw new Error(`The keys were answered with ${status}`);
  // What is no set of keys is refused by the library itself.
  return createLocalJWKSet(body as JSONWebKeySet);
}
