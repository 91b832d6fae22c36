import { readFile } from "node:fs/promises";
import { testSecret } from "@latchkey/auth/testing";
import { createServerSession } from "@latchkey/client/server";
import superjson from "superjson";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readPage } from "../docs/documents.ts";
import { type ExampleProcess, startExample } from "../examples/example-process.ts";
import { createOutsideProject, type OutsideProject, pack } from "../packaging/outside-project.ts";
import { launchScript, until } from "../processes/service-process.ts";
import { describeHost } from "./describe-host.ts";
import { openShop, type Shop, type ShopRouter } from "./shop.ts";

const installed = {
  next: "^16",
  react: "^19",
  "react-dom": "^19",
  "@trpc/client": "^11",
  "@trpc/server": "^11",
  superjson: "^2",
  zod: "^4",
  "@types/node": "^24",
  "@types/react": "^19",
  typescript: "^5.9",
};

/** The shop in place of the router of the page, a page that renders for somebody, and what tells how often the router was loaded. */
const own: Readonly<Record<string, string>> = {
  // Next adds the rest. tRPC's types, and so the SDK's, want it strict, as in an app that `create-next-app` has made.
  "tsconfig.json": JSON.stringify({ compilerOptions: { strict: true } }),
  "src/server.ts": `
import { latchkey } from "./latchkey";
import { createShopRouter } from "./shop-router";
export const { appRouter, answer } = createShopRouter(latchkey);
export type AppRouter = typeof appRouter;
const loaded = globalThis as typeof globalThis & { loads?: unknown[] };
loaded.loads = [...(loaded.loads ?? []), latchkey];
export const loads = loaded.loads;
`,
  "src/app/loads/route.ts": `
export const dynamic = "force-dynamic";
export async function GET() {
  const { loads } = await import("../../server");
  return Response.json({ loads: loads.length, instances: new Set(loads).size });
}
`,
  "src/app/layout.tsx": `
export default ({ children }: { children: React.ReactNode }) => <html lang="en"><body>{children}</body></html>;
`,
  "src/app/page.tsx": `
import { headers } from "next/headers";
import { serverSession } from "../session";
export default async function Page() {
  const user = await (await serverSession({ headers: await headers() })).user();
  return <h1>{user?.nickname ?? "nobody"}</h1>;
}
`,
};

let project: OutsideProject;
let next: string;
beforeAll(async () => {
  project = await createOutsideProject();
  next = `${project.folder}/node_modules/next/dist/bin/next`;
  const ours: Record<string, string> = {};
  for (const name of ["auth", "client", "server"] as const) ours[`@latchkey/${name}`] = `file:${await pack(name)}`;
  await project.install({ ...ours, ...installed });
  for (const { code } of (await readPage("docs/mount-next.md")).blocks) {
    const [, file = ""] = /^\/\/ (\S+)\n/.exec(code) ?? [];
    await project.write(file, code);
  }
  for (const [file, code] of Object.entries(own)) await project.write(file, code);
  await project.write("src/shop-router.ts", await readFile(new URL("./shop-router.ts", import.meta.url), "utf8"));
  // Neither a database nor a secret is there.
  const { code, stdout, stderr } = await launchScript(next, ["build"], { folder: project.folder, variables: quiet })
    .outcome;
  if (code !== 0) throw new Error(stdout + stderr);
}, 600_000);
afterAll(() => project[Symbol.asyncDispose]());

const alice = { username: "alice", password: "correct horse battery" };

const quiet = { NEXT_TELEMETRY_DISABLED: "1", CI: "1" };

function run(command: "start" | "dev", { connectionString }: Pick<Shop, "connectionString">, secret = testSecret) {
  const args = [command, "--hostname", "localhost", "--port", "0"];
  const variables = { ...quiet, DATABASE_URL: connectionString, LATCHKEY_SECRET: secret };
  return { script: next, args, folder: project.folder, variables };
}

describeHost("an app of Next.js, built and started", async (shop) => {
  const app = await startExample(run("start", shop));
  return { url: `${app.url}/api`, close: async () => app[Symbol.asyncDispose]() };
});

async function withShop(act: (shop: Shop) => Promise<void>): Promise<void> {
  const shop = await openShop();
  await act(shop).finally(() => shop.close());
}

async function readLoads({ url }: ExampleProcess): Promise<{ readonly loads: number; readonly instances: number }> {
  const answer = await fetch(`${url}/loads`);
  return (await answer.json()) as { loads: number; instances: number };
}

test("a component knows the person by the app's own cookie, asked in the same process", () =>
  withShop(async (shop) => {
    await shop.latchkey.auth.createUser({ ...alice, profile: { nickname: "Ali" } });
    await using app = await startExample(run("start", shop));
    const sessions = createServerSession<ShopRouter>({ url: `${app.url}/api`, path: "auth", transformer: superjson });
    const session = await sessions(new Request(app.url));
    await session.signIn(alice);
    const cookie = session.cookies().map(({ name, value }) => `${name}=${value}`);
    const show = async (headers: Readonly<Record<string, string>>) => (await fetch(app.url, { headers })).text();
    expect(await show({ cookie: cookie.join("; ") })).toContain("<h1>Ali</h1>");
    expect(await show({})).toContain("<h1>nobody</h1>");
  }));

test("where no proxy says where a call comes from, it is the socket's address", () =>
  withShop(async (shop) => {
    await shop.latchkey.auth.createUser(alice);
    await using app = await startExample(run("start", shop));
    const sessions = createServerSession<ShopRouter>({ url: `${app.url}/api`, path: "auth", transformer: superjson });
    const session = await sessions(new Request(app.url));
    await session.signIn(alice);
    const { rows } = await shop.latchkey.auth.pool.query<{ address: string }>(
      "select distinct address::text from latchkey.audit_events where address is not null",
    );
    expect(rows.map(({ address }) => address)).toEqual([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]);
  }));

test("a secret that is none ends the process before it answers anything, and says why", () =>
  withShop(async (shop) => {
    const { script, args, ...options } = run("start", shop, "short");
    const { code, stderr } = await launchScript(script, args, options).outcome;
    expect(code).toBe(1);
    expect(stderr).toMatch(/secret/);
  }));

test("in development a changed router is there with the next call, on the same instance", () =>
  withShop(async (shop) => {
    await using app = await startExample(run("dev", shop));
    expect(await readLoads(app)).toMatchObject({ loads: 1, instances: 1 });
    await project.write("src/server.ts", `${own["src/server.ts"]}\nexport const changed = true;\n`);
    await until(async () => (await readLoads(app)).loads > 1);
    expect(await readLoads(app)).toMatchObject({ instances: 1 });
  }));
