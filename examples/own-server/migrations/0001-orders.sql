create table shop.orders (
  id uuid primary key default gen_random_uuid(),
  customer_id uuid not null references latchkey.users (id) on delete cascade,
  what text not null check (char_length(what) between 1 and 80),
  ordered_at timestamptz not null default now()
);
