import { attemptLimits } from "@latchkey/auth/internal";
import type { TestAuth } from "@latchkey/auth/testing";
import { password } from "./accounts-over-http.ts";

/** Somebody with three names, so that a lock can be reached before any of them has to wait. */
export const locked = {
  username: "locked",
  email: "locked@example.com",
  phoneNumber: "+905321112233",
  password,
} as const;

/** Wrong passwords in a row from everywhere, until no stranger gets in; the owner may sign in `before`. By a core of cheap hashes on the same database. */
export async function createLockedAccount(
  test: TestAuth,
  { before = async () => {} }: { before?: () => Promise<unknown> } = {},
): Promise<void> {
  const quick = await test.another({ passwords: { cost: 4 } });
  await test.auth.createUser(locked);
  await before();
  const names = [locked.username, locked.email, locked.phoneNumber];
  for (let time = 0; time < attemptLimits.account_strangers.lockAfter; time += 1) {
    const facts = { ...test.facts, address: `10.1.${time}.1` };
    await quick.signIn({ username: names[time % 3] ?? "", password: "wrong" }, facts).catch(() => {});
  }
}
