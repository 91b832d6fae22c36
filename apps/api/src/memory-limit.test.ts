import { expect, test } from "vitest";
import { findMemoryFault } from "./memory-limit.ts";

const argon2id = { PASSWORD_HASH: "argon2id", PASSWORD_MEMORY: 64, WORKERS: 1 } as const;
const mebibytes = (count: number) => count * 1024 ** 2;

test("hashes that would not fit into the memory that the process may have are told of at the start", () => {
  expect(findMemoryFault(argon2id, 9, mebibytes(512))).toBe(
    "PASSWORD_HASH=argon2id may take 776 MiB, for 9 passwords at once, and no more than 512 MiB are to be had: the service would be ended when many people sign in. Raise the limit of memory, lower PASSWORD_MEMORY, or set a limit of processors.",
  );
  expect(findMemoryFault({ ...argon2id, WORKERS: 2 }, 2, mebibytes(512))).toContain(
    "may take 656 MiB, for 4 passwords",
  );
});

test("what fits, has no limit, or takes no memory is not", () => {
  expect(findMemoryFault(argon2id, 4, mebibytes(512))).toBeNull();
  expect(findMemoryFault(argon2id, 100, 0)).toBeNull();
  expect(findMemoryFault({ ...argon2id, PASSWORD_HASH: "bcrypt" }, 100, mebibytes(1))).toBeNull();
});
