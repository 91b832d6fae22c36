import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const rooms = [
  "hooks",
  "identifiers",
  "users",
  "passwords",
  "tokens",
  "sessions",
  "permissions",
  "throttling",
  "one-time-codes",
  "audit",
  "imported-users",
  "secret-keys",
  "webhooks",
  "challenges",
  "messages",
  "ways-in",
  "second-factors",
  "passkeys",
  "deletions",
  "consents",
  "pending-changes",
];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isTypeOnly: boolean;
}

/** Every import of a package's own source, tests left out; relative ones as paths from the package's `src`. */
async function readImports(source: string): Promise<Import[]> {
  const files = (await readdir(join(root, source), { recursive: true })).filter((file) =>
    /(?<!\.test)\.tsx?$/.test(file),
  );
  const imports = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, source, file), "utf8");
      const statements = text.matchAll(
        /^(?:import|export)(?<type> type)?[^;]*?from "(?<to>[^"]+)"|^import "(?<bare>[^"]+)"/gm,
      );
      return [...statements].map(({ groups }) => {
        const to = groups?.to ?? groups?.bare ?? "";
        const path = to.startsWith(".") ? relative(".", join(dirname(file), to)) : to;
        return { from: file, to: path, isTypeOnly: groups?.type !== undefined };
      });
    }),
  );
  return imports.flat();
}

const show = ({ from, to }: Import) => `${from} → ${to}`;
const folderOf = (file: string) => (file.includes("/") ? (file.split("/")[0] ?? "") : "");

test("in the core, arrows go one way: base ← storage ← rooms ← flows ← core.ts, bind-flows.ts, lifecycle.ts ← create-auth.ts ← index.ts, and rooms never meet", async () => {
  const base = ["errors.ts", "clock.ts", "secrets.ts", "free-text.ts", "host-alone.ts", "uuid.ts", "watch.ts"];
  const mayImport = (from: string, to: string): boolean => {
    if (base.includes(to)) return true;
    const [here, there] = [folderOf(from), folderOf(to)];
    if (base.includes(from)) return false;
    // The row of a challenge is the outbox of its message.
    if (here === "messages" && there === "challenges") return true;
    if (rooms.includes(here)) return there === here || there === "storage";
    if (here === "storage") return there === "storage";
    if (here === "flows") return rooms.includes(there) || ["flows", "storage"].includes(there) || to === "options.ts";
    if (from === "verify.ts") return there === "tokens";
    if (from === "import.ts") return rooms.includes(there) || there === "storage";
    if (from === "config.ts") return rooms.includes(there);
    if (from === "options.ts") return rooms.includes(there) || to === "config.ts";
    const isBeforeCreation = !["create-auth.ts", "index.ts", "internal.ts"].includes(to);
    if (["auth.ts", "bind-flows.ts", "core.ts", "lifecycle.ts"].includes(from)) return isBeforeCreation;
    return ["create-auth.ts", "index.ts", "internal.ts"].includes(from) || here === "testing";
  };
  const imports = (await readImports("packages/auth/src")).filter(({ to }) => to.endsWith(".ts"));

  expect(imports.length).toBeGreaterThan(100);
  expect(imports.filter(({ from, to }) => !mayImport(from, to)).map(show)).toEqual([]);
});

test("the flows of one folder know nothing of another's: what two need is a step", async () => {
  const folderOfFlow = (file: string) => /^flows\/([\w-]+)\//.exec(file)?.[1];
  const imports = (await readImports("packages/auth/src")).filter(
    ({ from, to }) => folderOfFlow(from) && folderOfFlow(to),
  );
  const isAcross = ({ from, to }: Import) => ![folderOfFlow(from), "steps"].includes(folderOfFlow(to) ?? "");

  expect(new Set(imports.map(({ from }) => folderOfFlow(from)))).toEqual(
    new Set(["account", "administration", "authentication", "maintenance", "sign-in", "steps"]),
  );
  expect(imports.filter(isAcross).map(show)).toEqual([]);
});

test.each(["auth", "server", "pages", "verify", "embedded-postgres"])(
  "no file of packages/%s leads back to itself, not even by types",
  async (name) => {
    const imports = (await readImports(`packages/${name}/src`)).filter(({ to }) => to.endsWith(".ts"));
    const leadsTo = Map.groupBy(imports, ({ from }) => from);
    const isDone = new Set<string>();
    const findCycle = (file: string, way: readonly string[]): string | null => {
      if (way.includes(file)) return [...way.slice(way.indexOf(file)), file].join(" → ");
      if (isDone.has(file)) return null;
      const cycles = (leadsTo.get(file) ?? []).map(({ to }) => findCycle(to, [...way, file]));
      isDone.add(file);
      return cycles.find((cycle) => cycle !== null) ?? null;
    };
    expect([...leadsTo.keys()].map((file) => findCycle(file, [])).filter((cycle) => cycle !== null)).toEqual([]);
  },
);

test("the core knows nothing of HTTP, tRPC or the environment", async () => {
  const imports = (await readImports("packages/auth/src")).filter(({ from }) => folderOf(from) !== "testing");
  expect(imports.filter(({ to }) => /^(node:https?|hono|@hono\/|@trpc\/|@latchkey\/)/.test(to)).map(show)).toEqual([]);

  const files = (await readdir(join(root, "packages/auth/src"), { recursive: true })).filter((file) =>
    /(?<!\.test)\.ts$/.test(file),
  );
  const readers = await Promise.all(
    files.map(async (file) =>
      (await readFile(join(root, "packages/auth/src", file), "utf8")).includes("process.env") ? [file] : [],
    ),
  );
  expect(readers.flat().filter((file) => folderOf(file) !== "testing")).toEqual([]);
});

test("traces are made by the service and by what is mounted, in one file each at most, and the core knows nothing of them", async () => {
  const tracing = async (source: string) =>
    (await readImports(source)).filter(({ to }) => to.startsWith("@opentelemetry/")).map(show);
  for (const name of ["auth", "pages", "senders", "import", "client", "verify", "embedded-postgres"])
    expect(await tracing(`packages/${name}/src`), name).toEqual([]);
  expect(await tracing("packages/server/src")).toEqual(["trpc/tracing.ts → @opentelemetry/api"]);
  expect(await tracing("apps/api/src")).toEqual([]);
});

test("one file of the service reads the environment", async () => {
  const files = (await readdir(join(root, "apps/api/src"), { recursive: true })).filter((file) =>
    /(?<!\.test)\.ts$/.test(file),
  );
  const readers = await Promise.all(
    files.map(async (file) =>
      (await readFile(join(root, "apps/api/src", file), "utf8")).includes("process.env") ? [file] : [],
    ),
  );
  // main.ts sets the size of the thread pool, which only a variable can.
  expect(readers.flat().sort()).toEqual(["environment.ts", "main.ts"]);
});

/** What each package and app takes of ours, and from where it may. */
const senders = ["console", "http", "smtp", "twilio", "webhook", "whatsapp"].map((name) => `@latchkey/senders/${name}`);

const doors: Readonly<Record<string, readonly string[]>> = {
  "packages/auth": [],
  "packages/server": ["@latchkey/auth", "@latchkey/auth/internal"],
  "packages/client": ["@latchkey/server"],
  "packages/verify": ["@latchkey/auth/verify"],
  "packages/import": ["@latchkey/auth", "@latchkey/auth/import"],
  "packages/pages": ["@latchkey/auth", "@latchkey/server", "@latchkey/server/internal"],
  "apps/console": [
    "@latchkey/client",
    "@latchkey/client/reauthenticate/react",
    ...["en", "tr", "ar", "es", "pt-br", "hi", "id", "fr"].map((language) => `@latchkey/pages/languages/${language}`),
    "@latchkey/pages/languages/spell-seconds",
  ],
  "apps/api": [
    "@latchkey/auth",
    "@latchkey/auth/internal",
    "@latchkey/embedded-postgres",
    "@latchkey/import",
    "@latchkey/pages",
    "@latchkey/server",
    "@latchkey/server/internal",
    ...senders,
  ],
};

test.each(Object.entries(doors))("%s takes of ours what it may, by its public door", async (source, allowed) => {
  const imports = (await readImports(`${source}/src`)).filter(({ from }) => folderOf(from) !== "testing");
  const ours = imports.filter(({ to }) => to.startsWith("@latchkey/"));
  expect(ours.length > 0).toBe(allowed.length > 0);
  expect(ours.filter(({ to }) => !allowed.includes(to)).map(show)).toEqual([]);
});

test("no package takes anything from an app", async () => {
  const packages = await readdir(join(root, "packages"));
  const apps = await Promise.all(
    (await readdir(join(root, "apps"))).map(async (app) => {
      return JSON.parse(await readFile(join(root, "apps", app, "package.json"), "utf8")).name as string;
    }),
  );
  expect(apps).toContain("@latchkey/api");
  for (const name of packages) {
    const manifest = await readFile(join(root, "packages", name, "package.json"), "utf8");
    expect(
      apps.filter((app) => manifest.includes(`"${app}": "workspace`)),
      name,
    ).toEqual([]);
    const imports = await readImports(`packages/${name}/src`);
    expect(imports.filter(({ to }) => apps.some((app) => to === app || to.startsWith(`${app}/`))).map(show)).toEqual(
      [],
    );
  }
});

test("the SDK takes types alone", async () => {
  const ours = (await readImports("packages/client/src")).filter(({ to }) => to.startsWith("@latchkey/"));
  expect(ours.filter(({ isTypeOnly }) => !isTypeOnly).map(show)).toEqual([]);
});

test("what is mounted in somebody's router knows of no HTTP server, no settings and no process", async () => {
  const imports = await readImports("packages/server/src");
  expect(imports.filter(({ to }) => /^(node:https?|hono|@hono\/|pino|commander)/.test(to)).map(show)).toEqual([]);
  const files = (await readdir(join(root, "packages/server/src"), { recursive: true })).filter((file) =>
    file.endsWith(".ts"),
  );
  for (const file of files) {
    expect(await readFile(join(root, "packages/server/src", file), "utf8"), file).not.toMatch(
      /process\.(env|exit|on)\b/,
    );
  }
});

test("the embedded PostgreSQL takes nothing of ours", async () => {
  const imports = await readImports("packages/embedded-postgres/src");
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.filter(({ to }) => to.startsWith("@latchkey/")).map(show)).toEqual([]);
});

test("an example takes of ours what anybody can install, and nothing of this repository around it", async () => {
  const folders = (await readdir(join(root, "examples"), { withFileTypes: true })).filter((entry) =>
    entry.isDirectory(),
  );
  expect(folders.length).toBeGreaterThan(2);
  for (const { name } of folders) {
    const manifest = JSON.parse(await readFile(join(root, "examples", name, "package.json"), "utf8"));
    const ours = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    const known = ["@latchkey/client", "@latchkey/embedded-postgres", "@latchkey/server"];
    expect(ours.filter((one) => one.startsWith("@latchkey/") && !known.includes(one))).toEqual([]);
    for (const folder of ["src", "page"]) {
      const imports = await readImports(`examples/${name}/${folder}`).catch(() => []);
      expect(imports.filter(({ to }) => to.startsWith("../..")).map(show)).toEqual([]);
      expect(imports.filter(({ to }) => /^@latchkey\//.test(to) && !isDoor(to)).map(show)).toEqual([]);
    }
  }
});

const isDoor = (name: string) => /^@latchkey\/(server|embedded-postgres|client(\/(react|server))?)$/.test(name);
