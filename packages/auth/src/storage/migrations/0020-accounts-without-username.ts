import { type Kysely, sql } from "kysely";

/**
 * An account needs one name of three, and notes when a number or an address was proved by a code or vouched for by an administrator.
 *
 * Nothing is rewritten and no row is read: columns that may be null and constraints that every present row keeps, since all have a
 * username. The release before runs on it: it writes no account without a username, and what it does not know of, a proof that its change of
 * a number makes untrue, a trigger takes away.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table latchkey.users
    alter column username drop not null,
    alter column username_key drop not null,
    add column phone_proved_at timestamptz,
    add column email_proved_at timestamptz,
    add column phone_vouched_at timestamptz,
    add column email_vouched_at timestamptz,
    add column parked_at timestamptz,
    add column has_alias boolean not null default false,
    add constraint users_username_pair check ((username is null) = (username_key is null)) not valid,
    add constraint users_named check (
      num_nonnulls(username_key, phone_number, email_key, parked_at) > 0 or has_alias
    ) not valid,
    add constraint users_phone_proof check (
      phone_number is not null or (phone_proved_at is null and phone_vouched_at is null)
    ) not valid,
    add constraint users_email_proof check (
      email_key is not null or (email_proved_at is null and email_vouched_at is null)
    ) not valid`,
  "alter table latchkey.user_groups alter column username_key drop not null",

  // A proof is of one number, one address: with another, it is gone unless the same statement brings a new one.
  `create function latchkey.forget_proofs() returns trigger language plpgsql as $$
    begin
      if new.phone_number is distinct from old.phone_number then
        if new.phone_proved_at is not distinct from old.phone_proved_at then new.phone_proved_at := null; end if;
        if new.phone_vouched_at is not distinct from old.phone_vouched_at then new.phone_vouched_at := null; end if;
      end if;
      if new.email_key is distinct from old.email_key then
        if new.email_proved_at is not distinct from old.email_proved_at then new.email_proved_at := null; end if;
        if new.email_vouched_at is not distinct from old.email_vouched_at then new.email_vouched_at := null; end if;
      end if;
      return new;
    end $$`,
  `create trigger forget_proofs before update on latchkey.users for each row
    when ((old.phone_number, old.email_key) is distinct from (new.phone_number, new.email_key))
    execute function latchkey.forget_proofs()`,
];
