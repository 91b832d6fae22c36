import { afterAll, beforeAll, expect, test } from "vitest";
import { type Host, hosts, listen, toListener } from "../mounted/hosts.ts";
import { openShop, type Shop } from "../mounted/shop.ts";

const alice = { username: "alice", password: "correct horse battery" };

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
  await shop.latchkey.auth.createUser(alice);
});
afterAll(() => shop.close());

const everyHost = { ...hosts, "Latchkey's own handler": (its: Shop): Promise<Host> => listen(toListener(its)) };

test.each(Object.entries(everyHost))(
  "%s sends the events of a subscription as what browsers take for events",
  async (_, open) => {
    const host = await open(shop);
    const { token } = await signIn(host.url);
    const answer = await fetch(`${host.url}/trpc/orders.watch`, {
      headers: { accept: "text/event-stream", authorization: `Bearer ${token}` },
    });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    expect(await answer.text()).toContain('data: {"json":"shop"}');
    await host.close();
  },
);

async function signIn(url: string): Promise<{ token: string }> {
  const response = await fetch(`${url}/trpc/auth.token.obtain`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ json: alice }),
  });
  const { result } = (await response.json()) as { result: { data: { json: { token: string } } } };
  return result.data.json;
}
