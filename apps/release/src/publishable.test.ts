import { expect, test } from "vitest";
import { toPublishable } from "./publishable.ts";
import { type Manifest, readWorkspace, root, type Workspace } from "./workspace.ts";

const workspace: Workspace = {
  root: {
    name: "latchkey",
    version: "0.0.0",
    repository: { type: "git", url: "git+https://example.com/latchkey.git" },
  },
  packages: [{ folder: `${root}packages/auth`, manifest: { name: "@latchkey/auth", version: "1.2.3" } }],
  catalog: { jose: "^6.2.18" },
};

const manifest: Manifest = {
  name: "@latchkey/verify",
  version: "1.2.3",
  scripts: { prepack: "node prepack.ts" },
  dependencies: { jose: "catalog:", "@latchkey/auth": "workspace:*" },
  peerDependencies: { "@trpc/server": "^11.0.0", "@latchkey/auth": "workspace:^" },
  devDependencies: { vitest: "catalog:" },
  publishConfig: { access: "public", exports: { ".": "./dist/index.js" } },
};

test("a published manifest leads to what was built, names real versions, and holds nothing of this repository", () => {
  expect(toPublishable(manifest, `${root}packages/verify`, workspace)).toEqual({
    name: "@latchkey/verify",
    version: "1.2.3",
    publishConfig: { access: "public" },
    exports: { ".": "./dist/index.js" },
    repository: { type: "git", url: "git+https://example.com/latchkey.git", directory: "packages/verify" },
    dependencies: { jose: "^6.2.18", "@latchkey/auth": "1.2.3" },
    peerDependencies: { "@trpc/server": "^11.0.0", "@latchkey/auth": "^1.2.3" },
  });
});

test("a version that nothing stands for is an error, not a broken package", () => {
  const lost = { ...manifest, dependencies: { nobody: "catalog:" } };
  expect(() => toPublishable(lost, root, workspace)).toThrow("nobody: nothing here says what catalog: stands for");
});

test("packages come behind those that they are built from, and every one says what it is and what it needs", async () => {
  const { packages } = await readWorkspace();
  const names = packages.map(({ manifest }) => manifest.name);
  for (const { manifest } of packages) {
    const needed = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter((name) =>
      names.includes(name),
    );
    expect(needed.filter((name) => names.indexOf(name) > names.indexOf(manifest.name))).toEqual([]);
    expect(manifest).toMatchObject({
      license: "MIT",
      description: expect.stringMatching(/.{20}/),
      engines: { node: expect.stringMatching(/^>=\d/) },
      scripts: { prepack: expect.stringContaining("prepack"), postpack: expect.stringContaining("postpack") },
    });
  }
  expect(names).toContain("@latchkey/auth");
});
