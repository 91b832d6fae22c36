import { openEmbeddedPostgres } from "@latchkey/embedded-postgres";
import { createLatchkey, readMigrations } from "@latchkey/server";
import { z } from "zod";

const { DATABASE_URL, LATCHKEY_SECRET } = process.env;
if (!LATCHKEY_SECRET) throw new Error("Set LATCHKEY_SECRET to what this prints: openssl rand -base64 32");

/** Without a PostgreSQL of yours, one from npm that keeps its data in `.postgres/`. */
const embedded = DATABASE_URL ? null : await openEmbeddedPostgres({ dataDir: ".postgres" });

export const latchkey = await createLatchkey({
  database: embedded?.connection ?? { connectionString: DATABASE_URL },
  secret: LATCHKEY_SECRET,
  permissions: ["shop.order"],
  profile: { nickname: z.string().max(80).nullable() },
  migrations: { schema: "shop", all: await readMigrations(new URL("../migrations/", import.meta.url)) },
});

export async function close(): Promise<void> {
  await latchkey.stop();
  await embedded?.close();
}
