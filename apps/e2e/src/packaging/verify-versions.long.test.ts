import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLiveServer } from "../live-server.ts";
import { compilerSetups, createOutsideProject, type OutsideProject, pack } from "./outside-project.ts";

/** A team's API, and three calls of it: without a token, with one that is good, and with the half of it. */
const program = `
import { createVerifiedBuilders, responseMeta } from "@latchkey/verify/trpc";
import { initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";

interface Context { readonly authorization: string | null }
const [url = "", token = ""] = process.argv.slice(2);
const { verifiedProcedure, recentProcedure } = createVerifiedBuilders({
  issuer: "latchkey",
  audience: "latchkey",
  jwks: url + "/.well-known/jwks.json",
});
const t = initTRPC.context<Context>().create();
export const router = t.router({
  me: t.procedure.concat(verifiedProcedure).query(({ ctx }) => ctx.userId),
  recent: t.procedure.concat(recentProcedure({ maxAge: 600 })).query(({ ctx }) => ctx.claims.sub),
});
export type AppRouter = typeof router;

async function call(path: string, authorization: string | null): Promise<unknown> {
  const req = new Request("http://host/trpc/" + path, authorization === null ? {} : { headers: { authorization } });
  const createContext = () => ({ authorization: req.headers.get("authorization") });
  const answer = await fetchRequestHandler({ endpoint: "/trpc", req, router, createContext, responseMeta });
  const body = (await answer.json()) as { result?: { data: unknown }; error?: { data: { reason?: string } } };
  return body.result?.data ?? body.error?.data.reason + " " + answer.headers.get("www-authenticate");
}
const bearer = "Bearer " + token;
console.log(JSON.stringify([
  await call("me", null),
  await call("me", bearer),
  await call("recent", bearer),
  await call("me", bearer.slice(0, -9)),
]));
`;

/** The lowest that the package says it works with, and the newest. */
describe.each([
  ["lowest", "11.22.1"],
  ["newest", "^11"],
])("the verifier's middleware with the %s tRPC, installed by npm in an empty folder", (_name, trpc) => {
  let project: OutsideProject;
  beforeAll(async () => {
    project = await createOutsideProject();
    const verify = await pack("verify");
    await project.install({ "@latchkey/verify": `file:${verify}`, "@trpc/server": trpc, "@types/node": "^24" });
    await project.write("api.ts", program);
  });
  afterAll(() => project[Symbol.asyncDispose]());

  test("knows its caller by a token of the service, and says why it knows no other", async () => {
    await using live = await startLiveServer();
    await live.test.auth.createUser({ username: "alice", password: "correct horse battery" });
    const input = { username: "alice", password: "correct horse battery" };
    const { token, user } = await live.test.auth.signIn(input, live.test.facts);
    const { output, exitCode } = await project.run("api.ts", live.url, token);
    expect(JSON.parse(output.trim().split("\n").at(-1) ?? ""), output).toEqual([
      expect.stringMatching(/^token_missing Bearer /),
      user.id,
      user.id,
      expect.stringMatching(/^token_invalid Bearer .*error="invalid_token"/),
    ]);
    expect(exitCode).toBe(0);
  });

  test.each(compilerSetups)("compiles, and declares its router, by $compiler with $resolution", async (setup) => {
    expect(await project.declare({ ...setup, types: ["node"] }, ["api.ts"])).toEqual({
      exitCode: 0,
      output: "",
    });
  });
});
