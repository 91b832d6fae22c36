import { type Kysely, sql } from "kysely";

/**
 * So that every list of users is read in its order from an index and no further than it is shown: users of one standing lie together,
 * and what a group's members are listed by lies with the membership, kept there by the database.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // 0 to 3: staff counts one, active two.
  `alter table latchkey.users add column standing smallint not null
    generated always as (case when is_active then 2 else 0 end + case when is_staff then 1 else 0 end) stored`,
  "drop index latchkey.users_staff, latchkey.users_inactive",
  "create index users_standing_id on latchkey.users (standing, id)",
  `create index users_standing_username on latchkey.users (standing, username_key collate "C")`,
  `create index users_standing_phone_number on latchkey.users (standing, phone_number collate "C")`,
  `create index users_standing_email on latchkey.users (standing, email_key collate "C")`,

  `alter table latchkey.user_groups
    add column standing smallint, add column username_key text, add column phone_number text, add column email_key text`,
  // The lock waits for a change of the user that is under way, and then sees it.
  `create function latchkey.copy_member() returns trigger language plpgsql as $$
    begin
      select u.standing, u.username_key, u.phone_number, u.email_key
        into new.standing, new.username_key, new.phone_number, new.email_key
        from latchkey.users u where u.id = new.user_id for share;
      return new;
    end $$`,
  `create function latchkey.copy_to_members() returns trigger language plpgsql as $$
    begin
      update latchkey.user_groups
        set standing = new.standing, username_key = new.username_key, phone_number = new.phone_number, email_key = new.email_key
        where user_id = new.id;
      return null;
    end $$`,
  `create trigger copy_member before insert or update of user_id on latchkey.user_groups
    for each row execute function latchkey.copy_member()`,
  `create trigger copy_to_members after update on latchkey.users for each row
    when ((old.standing, old.username_key, old.phone_number, old.email_key)
      is distinct from (new.standing, new.username_key, new.phone_number, new.email_key))
    execute function latchkey.copy_to_members()`,
  "update latchkey.user_groups set user_id = user_id",
  "alter table latchkey.user_groups alter column standing set not null, alter column username_key set not null",
  `create index user_groups_username on latchkey.user_groups (group_id, username_key collate "C")`,
  `create index user_groups_phone_number on latchkey.user_groups (group_id, phone_number collate "C")`,
  `create index user_groups_email on latchkey.user_groups (group_id, email_key collate "C")`,
  "create index user_groups_standing_id on latchkey.user_groups (group_id, standing, user_id)",
  `create index user_groups_standing_username on latchkey.user_groups (group_id, standing, username_key collate "C")`,
  `create index user_groups_standing_phone_number on latchkey.user_groups (group_id, standing, phone_number collate "C")`,
  `create index user_groups_standing_email on latchkey.user_groups (group_id, standing, email_key collate "C")`,
];
