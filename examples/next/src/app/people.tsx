import { readSession } from "../session.ts";

/** For those who may view people. The service checks that by itself, whoever is shown this. */
export async function People() {
  const { api } = await readSession();
  const { users } = await api.users.list.query({ limit: 20 });
  return (
    <section aria-labelledby="people">
      <h2 id="people">People</h2>
      <ul>
        {users.map(({ id, username, phoneNumber }) => (
          <li key={id}>{username ?? phoneNumber}</li>
        ))}
      </ul>
    </section>
  );
}
