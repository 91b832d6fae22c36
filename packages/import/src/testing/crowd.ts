import { type OldProject, tables } from "./django-project.ts";

/**
 * Fills a PostgreSQL project with so many people, of whom some share numbers, write them in national spellings, have addresses as usernames or
 * belong to a group: the mixture of a shop of ten years.
 */
export async function insertCrowd({ run }: Pick<OldProject, "run">, people: number): Promise<void> {
  await run(`
    insert into users_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active,
      date_joined, phone_number, gender, country, city, state, is_approved_to_be_in_touch)
    select n, 'pbkdf2_sha256$600000$salt' || n || '$bVqhPnBaaaKPFcTmjXwXVKAi4LdY2fH+e9pqZ7u0Rk0=',
      case when n % 3 > 0 then '2024-01-01'::timestamptz + n * interval '1 second' end, false,
      case when n % 50 = 0 then 'person' || n || '@ex.org' else 'Person_' || n end, 'Ada', 'Yılmaz',
      case when n % 4 = 0 then '' else 'mail' || n || '@ex.org' end, n % 1000 = 0, n % 20 > 0,
      '2015-01-01'::timestamptz + n * interval '61.000001 second',
      case when n % 5 = 0 then null when n % 101 = 0 then '0532 000 00 01' else '0' || (5320000000 + n) end,
      case when n % 2 = 0 then 'Female' else '' end, 'TR', 'İzmir', null, n % 7 = 0
    from generate_series(1, ${people}) n`);
  await run(`insert into users_user_groups select n, n, 1 from generate_series(10, ${people}, 10) n`);
}

/** The old backend's tables, and the same people in them, in an empty PostgreSQL database. */
export async function makeCrowd(run: OldProject["run"], people: number): Promise<void> {
  await run(tables(false));
  await insertCrowd({ run }, people);
}
