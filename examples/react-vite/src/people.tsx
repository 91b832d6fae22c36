import { useQuery } from "@tanstack/react-query";
import { explain } from "./auth.ts";
import { trpc } from "./queries.ts";

/** For those who may view people. The service checks that by itself, whoever is shown this. */
export function People() {
  const people = useQuery(trpc.users.list.queryOptions({ limit: 20 }));
  return (
    <section aria-labelledby="people">
      <h2 id="people">People</h2>
      {people.error && <p role="alert">{explain(people.error)}</p>}
      <ul>
        {people.data?.users.map(({ id, username, phoneNumber, isActive }) => (
          <li key={id}>
            <span>{username ?? phoneNumber}</span>
            <small>{isActive ? "" : "disabled"}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}
