import { latchkey } from "./latchkey.ts";

export interface Order {
  readonly id: string;
  readonly what: string;
  readonly nickname: string | null;
}

const { pool } = latchkey.auth;

export async function listOrders(): Promise<Order[]> {
  const { rows } = await pool.query<Order>(
    `select orders.id, what, users.profile ->> 'nickname' as nickname
     from shop.orders join latchkey.users on users.id = customer_id order by ordered_at`,
  );
  return rows;
}

export async function placeOrder(customerId: string, what: string): Promise<void> {
  await pool.query("insert into shop.orders (customer_id, what) values ($1, $2)", [customerId, what]);
}

export async function deleteOrder(id: string): Promise<void> {
  await pool.query("delete from shop.orders where id = $1", [id]);
}
