import { expect, test } from "vitest";
import { createAuth } from "../../create-auth.ts";
import { createTestAuth, testSecret } from "../../testing/index.ts";

const password = "correct horse battery";

test("an administrator's change takes one connection, so that many at once do not wait for one another's", async () => {
  await using test = await createTestAuth();
  const { auth, facts } = test;
  await auth.createUser({ username: "helper", password });
  for (const permission of ["auth.change_user", "auth.view_user"]) await auth.operator.grant("helper", { permission });
  const { id } = await auth.createUser({ username: "person", password, phoneNumber: "+905321234567" });
  const { token } = await auth.signIn({ username: "helper", password }, facts);
  const helper = { ...(await auth.authenticate([`Bearer ${token}`])), facts };

  const narrow = createAuth(
    { ...test.database.connection, max: 1, connectionTimeoutMillis: 1_000 },
    { secret: testSecret },
  );
  try {
    const seen = { phoneNumber: "+90•••67", city: null };
    const updated = await narrow.users.update(helper, id, { city: "Izmir" }, seen);
    expect(updated).toMatchObject({ city: "Izmir", phoneNumber: seen.phoneNumber });
    await narrow.users.setGroups(helper, id, [], []);
    await narrow.users.setPermissions(helper, id, ["auth.view_user"], []);
    await expect(narrow.users.update(helper, id, {}, { phoneNumber: "+905321234567" })).rejects.toMatchObject({
      code: "changed_meanwhile",
    });
  } finally {
    await narrow.close();
  }
});
