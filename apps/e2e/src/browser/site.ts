import { createLog } from "@latchkey/api/log";
import { startServer } from "@latchkey/api/server";
import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import { type Front, startFront } from "./front.ts";

export const alice = { username: "alice", phoneNumber: "+90 532 123 45 67", password: "correct horse battery" };

/** A team's web server and the service behind or beside it, with one account: {@link alice}. */
export interface Site extends AsyncDisposable {
  readonly front: Front;
  readonly test: TestAuth;
  /** Where the service itself listens. */
  readonly service: string;
  /** The JSON lines that the service logged so far. */
  readonly logged: readonly string[];
}

/** @param isApart whether the page calls the service at its own address, which then names the page's origin in `CORS_ORIGINS` */
export async function startSite({ isApart = false } = {}): Promise<Site> {
  const [front, test] = await Promise.all([startFront(), createTestAuth()]);
  const logged: string[] = [];
  const log = createLog("info", { write: (line) => void logged.push(line) });
  const corsOrigins = isApart ? [front.url] : [];
  const server = await startServer({ auth: test.auth, log, host: "127.0.0.1", port: 0, corsOrigins });
  if (!isApart) front.handOnTo(server.url);
  await test.auth.createUser(alice);
  return {
    front,
    test,
    service: server.url,
    logged,
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]();
      await server.close();
      await test[Symbol.asyncDispose]();
    },
  };
}

/** How every session in the database stands: `null` while it lives, else why it ended. */
export async function readSessions({ test }: Site): Promise<(string | null)[]> {
  const rows = await test.database.query<{ end_reason: string | null }>(
    "select end_reason from latchkey.sessions order by id",
  );
  return rows.map((row) => row.end_reason);
}

/** The answers, in order, to what the browser asked of one procedure through the team's web server. */
export function readStatuses({ front }: Site, procedure: string): number[] {
  return front.requests.filter(({ path }) => path.includes(`/trpc/${procedure}`)).map(({ status }) => status);
}
