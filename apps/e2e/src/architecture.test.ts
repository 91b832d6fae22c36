import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const rooms = [
  "identifiers",
  "users",
  "passwords",
  "tokens",
  "sessions",
  "permissions",
  "throttling",
  "one-time-codes",
  "audit",
];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isTypeOnly: boolean;
}

/** Every import of a package's own source, tests left out; relative ones as paths from the package's `src`. */
async function readImports(source: string): Promise<Import[]> {
  const files = (await readdir(join(root, source), { recursive: true })).filter((file) =>
    /(?<!\.test)\.ts$/.test(file),
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

test("in the core, arrows go one way: base ← storage ← rooms ← flows ← auth.ts ← index.ts, and rooms never meet", async () => {
  const base = ["errors.ts", "clock.ts", "secrets.ts", "free-text.ts"];
  const mayImport = (from: string, to: string): boolean => {
    if (base.includes(to)) return true;
    const [here, there] = [folderOf(from), folderOf(to)];
    if (base.includes(from)) return false;
    if (rooms.includes(here)) return there === here || there === "storage";
    if (here === "storage") return there === "storage";
    if (here === "flows") return rooms.includes(there) || ["flows", "storage"].includes(there) || to === "options.ts";
    if (from === "verify.ts") return there === "tokens";
    if (from === "options.ts") return rooms.includes(there);
    return from === "auth.ts" || from === "index.ts" || here === "testing";
  };
  const imports = (await readImports("packages/auth/src")).filter(({ to }) => to.endsWith(".ts"));

  expect(imports.length).toBeGreaterThan(100);
  expect(imports.filter(({ from, to }) => !mayImport(from, to)).map(show)).toEqual([]);
});

test("the core knows nothing of HTTP, tRPC or the environment", async () => {
  const imports = await readImports("packages/auth/src");
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

test("the SDK takes types from the service and nothing else of ours", async () => {
  const ours = (await readImports("packages/client/src")).filter(({ to }) => to.startsWith("@latchkey/"));
  expect(ours.length).toBeGreaterThan(0);
  expect(ours.filter(({ to, isTypeOnly }) => to !== "@latchkey/api" || !isTypeOnly).map(show)).toEqual([]);
});

test("the service uses the core through its public door", async () => {
  const ours = (await readImports("apps/api/src")).filter(({ to }) => to.startsWith("@latchkey/"));
  expect(ours.filter(({ to }) => to !== "@latchkey/auth").map(show)).toEqual([]);
});
