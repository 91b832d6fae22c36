import { expect, test } from "vitest";
import { addUp, nameGroup } from "./profile.ts";

test("code is named by the package, the part of Node or the folder of ours that it is in", () => {
  const name = (url: string, functionName = "f") => nameGroup({ url, functionName });
  expect(name("file:///x/node_modules/.pnpm/hono@4.13.19/node_modules/hono/dist/hono-base.js")).toBe("hono");
  expect(name("file:///x/node_modules/.pnpm/a/node_modules/@trpc/server/dist/b.mjs")).toBe("@trpc/server");
  expect(name("node:_http_outgoing")).toBe("node:_http_outgoing");
  expect(name("node:internal/streams/readable")).toBe("node:streams");
  expect(name("file:///x/packages/auth/src/flows/authentication/authenticate.ts")).toBe("packages/auth");
  expect(name("", "(garbage collector)")).toBe("(garbage collector)");
  expect(name("", "writev")).toBe("native code");
});

test("each sample's time goes to its innermost function", () => {
  const node = (id: number, url: string) => ({
    id,
    callFrame: { functionName: "f", scriptId: "1", url, lineNumber: 1, columnNumber: 1 },
  });
  const nodes = [node(1, "node:net"), node(2, "file:///x/apps/api/src/app.ts")];
  const profile = { nodes, startTime: 0, endTime: 60, samples: [1, 2, 1], timeDeltas: [10, 20, 30] };

  expect(addUp(profile)).toEqual({ "node:net": 40, "apps/api": 20 });
});
