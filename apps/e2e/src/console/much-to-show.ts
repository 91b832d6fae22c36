import { createPerson, type Person } from "../permissions/accounts-in-core.ts";
import type { ConsoleSite } from "./console-site.ts";

const groups = {
  Teachers: ["notes.view_note", "notes.add_note", "notes.change_note"],
  "Head teachers and their deputies": ["notes.view_note", "notes.delete_note", "auth.view_user", "auth.add_user"],
  Accountants: ["auth.view_user"],
  مدرّسون: ["notes.view_note"],
  Pupils: [],
  "IT support": ["auth.view_user", "auth.view_service", "auth.view_setting"],
};

const people = [
  {
    username: "wolfgang",
    profile: { firstName: "Wolfgang-Amadeus Maximilian", lastName: "von Hohenzollern-Sigmaringen" },
  },
  { username: "sara", profile: { firstName: "سارة", lastName: "عبد الرحمن" }, phoneNumber: "+201001234567" },
  { username: "priya", profile: { firstName: "प्रिया", lastName: "शर्मा" }, phoneNumber: "+919876543210" },
  { username: "o_neill", email: "somebody.with.a.long.name@mail.department.university.example" },
  { username: "jose", profile: { firstName: "José", lastName: "Álvarez" }, isStaff: true },
  { username: "gone", profile: { firstName: "Disabled", lastName: "Account" } },
  { username: "a".repeat(60) },
];

const agents = [
  "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
  "curl/8.6.0",
];

/** Fills a service with what a school of some size might have, the same each time. Answers the person of whom there is the most to see. */
export async function fillConsole({ live: { test } }: ConsoleSite): Promise<Person> {
  const { auth, facts } = test;
  for (const [name, permissions] of Object.entries(groups)) await auth.operator.createGroup({ name, permissions });
  for (const person of people) await createPerson(test, person);
  await auth.operator.update("gone", { isActive: false });
  const ada = await createPerson(test, {
    ...{ username: "ada", phoneNumber: "+905321234567", email: "ada.yilmaz@example.com" },
    profile: { firstName: "Ada", lastName: "Yılmaz", city: "Izmir", country: "Turkey" },
    ...{ groups: ["Teachers", "Head teachers and their deputies"], permissions: ["auth.view_group"] },
  });
  const credentials = { username: "ada", password: "correct horse battery" };
  for (const [index, userAgent] of agents.entries()) {
    await auth.signIn(credentials, { ...facts, userAgent, address: `198.51.100.${index}` });
    await auth
      .signIn({ ...credentials, password: "wrong" }, { ...facts, address: `203.0.113.${index}` })
      .catch(() => {});
  }
  await ageSigningKey(test.database);
  await fillHours(test.database);
  return ada;
}

type Database = ConsoleSite["live"]["test"]["database"];

/** The service made its key when it started, and so before the clock was moved to the hour at which one looks. */
async function ageSigningKey({ query }: Database): Promise<void> {
  await query(
    "update latchkey.signing_keys set created_at = latchkey.now() - interval '30 days', signs_from = latchkey.now() - interval '30 days'",
  );
}

/** A day as it may be, hour by hour, with many wrong passwords at its end. */
async function fillHours({ query }: Database): Promise<void> {
  await query(
    `insert into latchkey.audit_events (id, occurred_at, event, detail)
     select md5(concat_ws(' ', hour, event, number))::uuid, date_trunc('hour', latchkey.now()) - hour * interval '1 hour', event, '{}'
     from generate_series(1, 23) hour,
       (values ('signed_in', 22), ('sign_in_refused', 4), ('code_requested', 12), ('code_refused', 3), ('user_created', 5)) of (event, most),
       generate_series(1, case when event = 'sign_in_refused' and hour = 1 then 30 else (most * (13 + (hour * 7) % 12)) / 24 end) number
     order by hour desc, event`,
  );
  await query(
    `insert into latchkey.message_counts (key, hour, what, shard, count)
     select 'country:' || country, date_trunc('hour', latchkey.now()) - ago * interval '1 hour', what, 0, ceil(count * share * weight)
     from (
         select n as ago, 0.02 + 0.004 * ((n * 7) % 12) as weight from generate_series(1, 23) n
         union all select 30 + n * 24, 0.5 + 0.05 * ((n * 5) % 7) from generate_series(0, 11) n
       ) hours, (values ('TR', 4210), ('EG', 1320), ('IN', 310), ('BR', 77), ('email', 540), ('none', 9)) of (country, count),
       (values ('asked', 1), ('counted', 0.97), ('sent', 0.96), ('delivered', 0.9), ('failed', 0.03), ('proved', 0.8),
         ('refused:network', 0.02), ('refused:number', 0.01)) shares (what, share)`,
  );
  await query(
    `insert into latchkey.challenges
       (id, handle_hash, purpose, address, key_id, digits, created_at, handed_at, next_send_at, expires_at, channel, tells_channel, state, tries)
     select gen_random_uuid(), sha256(n::text::bytea), 'sign_in', '+905320000000', 'none', 6, at, at + n % 5 * interval '3 seconds', at,
       at + interval '10 minutes', 'sms', true, 'sent', 1
     from generate_series(1, 90) n, lateral (select latchkey.now() - n * interval '13 minutes' as at) asked`,
  );
}
