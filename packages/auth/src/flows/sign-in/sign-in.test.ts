import { expect, test } from "vitest";
import { createTestAuth } from "../../testing/index.ts";

const password = "correct horse battery";

test("a person signs in by username in any case and by phone number in any spelling, and the token lets them in", async () => {
  await using test = await createTestAuth({ phones: { defaultCountry: "TR" } });
  const { auth, facts } = test;
  await auth.createUser({ username: "Alice", phoneNumber: "+90 532 123 45 67", password });

  for (const username of ["alice", "ALICE", "+905321234567", "0532 123 45 67", "+90 (532) 123-45-67"]) {
    const { token, user } = await auth.signIn({ username, password }, facts);
    const caller = await auth.authenticate([`Bearer ${token}`]);
    expect(caller.user).toEqual(user);
    expect(user).toMatchObject({ username: "Alice", phoneNumber: "+905321234567" });
  }
});

test("four times as many sign-ins as there are connections, at once, all get in", async () => {
  await using test = await createTestAuth();
  const { auth, facts } = test;
  const names = Array.from({ length: 40 }, (_, index) => `user_${index}`);
  await Promise.all(names.map((username) => auth.createUser({ username, password })));

  const answers = await Promise.all(names.map((username) => auth.signIn({ username, password }, facts)));

  expect(answers.map(({ user }) => user.username)).toEqual(names);
});
