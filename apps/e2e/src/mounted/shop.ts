import { createTestDatabase, testSecret } from "@latchkey/auth/testing";
import { toDatabaseUrl } from "../processes/external-database.ts";
import { createShopRouter, openLatchkey } from "./shop-router.ts";

/** A team's own application on a database of its own, by whatever it is served. */
export async function openShop() {
  const database = await createTestDatabase();
  const { host, port, user = "", password, database: name } = database.connection;
  const connectionString = toDatabaseUrl({ host, port, user, password, database: name } as Parameters<
    typeof toDatabaseUrl
  >[0]);
  const latchkey = await openLatchkey({ connectionString, secret: testSecret });
  return {
    connectionString,
    latchkey,
    ...createShopRouter(latchkey),
    async close() {
      await latchkey.stop();
      await database[Symbol.asyncDispose]();
    },
  };
}

export type Shop = Awaited<ReturnType<typeof openShop>>;
export type ShopRouter = Shop["appRouter"];
