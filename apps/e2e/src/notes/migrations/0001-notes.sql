-- A database of an earlier release has these already.
create table if not exists notes.notes (
  id uuid primary key,
  author_id uuid references latchkey.users (id) on delete set null,
  title text not null check (char_length(title) between 1 and 200),
  body text not null check (char_length(body) <= 10000),
  created_at timestamptz not null default latchkey.now()
);
create index if not exists notes_created_at on notes.notes (created_at, id);
