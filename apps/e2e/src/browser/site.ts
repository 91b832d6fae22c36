import { createLog } from "@latchkey/api/log";
import { type ServerOptions, startServer } from "@latchkey/api/server";
import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import { parsePublicUrl } from "@latchkey/server/internal";
import { type Front, startFront } from "./static-server.ts";

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

export interface SiteOptions {
  /** Whether the page calls the service at its own address, which then names the page's origin in `CORS_ORIGINS`. */
  readonly isApart?: boolean;
  /** What stands before the service's paths at the team's web server, such as `/auth`; `PUBLIC_URL` says so then. */
  readonly base?: string;
  /** A built page that the team's web server gives out in place of ours. */
  readonly folder?: string;
  /** What its core is told. */
  readonly core?: Parameters<typeof createTestAuth>[0];
  /** Whatever else the service is started with. */
  readonly settings?: Partial<ServerOptions>;
}

export async function startSite({ isApart = false, base, folder, core, settings }: SiteOptions = {}): Promise<Site> {
  const [front, test] = await Promise.all([startFront(folder), createTestAuth(core)]);
  const logged: string[] = [];
  const log = createLog("info", { write: (line) => void logged.push(line) });
  const corsOrigins = isApart ? [front.url] : [];
  const publicUrl = (base && parsePublicUrl(front.url + base)) || undefined;
  const server = await startServer({
    ...{ auth: test.auth, log, host: "127.0.0.1", port: 0, corsOrigins, publicUrl },
    ...settings,
  });
  if (!isApart) front.handOnTo(server.url, base);
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
export function readStatuses({ requests }: Front, procedure: string): number[] {
  return requests.filter(({ path }) => path.includes(`/trpc/${procedure}`)).map(({ status }) => status);
}
