import { scrypt } from "node:crypto";

/** 128 bytes each, so 256 MiB. */
const maximumBlocks = 2 ** 21;
/** Blocks times parallelism; about four seconds. */
const maximumWork = 2 ** 22;
/** Each starts its work anew. */
const maximumParallelism = 16;

export interface ScryptParameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** Whether a key of these parameters can be derived at all, and within a few seconds and 256 MiB. */
export function isAffordableScrypt({ N, r, p }: ScryptParameters): boolean {
  const blocks = N * r;
  if (blocks > maximumBlocks || blocks * p > maximumWork || p > maximumParallelism) return false;
  // RFC 7914 §2: N is a power of two, larger than 1 and less than 2^(128 * r / 8).
  return N > 1 && (N & (N - 1)) === 0 && N < 2 ** (16 * r);
}

export function deriveScrypt(
  password: string,
  salt: string | Buffer,
  parameters: ScryptParameters,
  length = 64,
): Promise<Buffer> {
  // OpenSSL counts a little more than the blocks, which are bounded already.
  const options = { ...parameters, maxmem: 2 ** 29 };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, derived) => (error ? reject(error) : resolve(derived)));
  });
}
