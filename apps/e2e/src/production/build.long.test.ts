import { chmod, chown, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { root } from "../docs/documents.ts";
import { password } from "../processes/accounts-by-cli.ts";
import { createEmptyDatabase, type EmptyDatabase } from "../processes/external-database.ts";
import { launchScript } from "../processes/service-process.ts";
import { type Contained, canContain, contain } from "./container.ts";
import { buildService, listFiles } from "./service-build.ts";

const secret = "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs";
const megabyte = 1024 ** 2;
const isContainable = canContain();
if (!isContainable) console.warn("Skipped: this system lets us make no namespaces, which takes Linux and root.");

let build: string;
let sockets: string;
let database: EmptyDatabase;
let relay: Server;

/** The tests' PostgreSQL at a Unix socket, the one thing that leads out of a namespace without a network. */
async function relayToSocket(folder: string, { hostname, port }: URL): Promise<Server> {
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) socket.on("error", () => {});
    client.pipe(upstream).pipe(client);
  });
  const path = join(folder, ".s.PGSQL.5432");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await chmod(path, 0o777);
  return server;
}

beforeAll(async () => {
  build = await buildService();
  database = await createEmptyDatabase();
  sockets = await makeTemporaryFolder("latchkey-socket-");
  await chmod(sockets, 0o755);
  const address = new URL(database.url);
  relay = await relayToSocket(sockets, address);
  address.port = "5432";
  address.searchParams.set("host", sockets);
  await writeFile(join(sockets, "url"), `${address.href}\n`);
  await writeFile(join(sockets, "secret"), `${secret}\n`);
  if (isContainable) for (const name of ["url", "secret"]) await chown(join(sockets, name), 65_534, 65_534);
  for (const name of ["url", "secret"]) await chmod(join(sockets, name), 0o400);
  expect(await runCommand("migrate")).toMatchObject({ code: 0, stderr: "" });
});

afterAll(async () => {
  relay?.close();
  await database?.[Symbol.asyncDispose]();
  for (const folder of [build, sockets]) if (folder) await rm(folder, { recursive: true, force: true });
});

const variables = () => ({
  NODE_ENV: "production",
  PORT: "3000",
  PASSWORD_COST: "10",
  DATABASE_URL_FILE: join(sockets, "url"),
  LATCHKEY_SECRET_FILE: join(sockets, "secret"),
});

function runCommand(...args: readonly string[]) {
  const script = join(build, "latchkey.js");
  return launchScript(script, args, { folder: "/", variables: variables(), input: password }).outcome;
}

/** Prints the status of a sign-in, of a call with its token, of the console and of a file that it is made of. */
const signInAndCall = `
const post = (path, body) => fetch("http://127.0.0.1:3000/trpc/" + path,
  { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const signedIn = await post("token.obtain", { username: "alice", password: ${JSON.stringify(password)} });
const { result } = await signedIn.json();
const got = await fetch("http://127.0.0.1:3000/trpc/me.get",
  { headers: { authorization: "Bearer " + result.data.token } });
const page = await fetch("http://127.0.0.1:3000/console/people");
const [, file] = /src="([^"]+)"/.exec(await page.text()) ?? [];
const script = await fetch("http://127.0.0.1:3000" + file);
console.log(signedIn.status, got.status, page.status, script.status);`;

/** `LATCHKEY_CALLS`: calls that a service has answered whose memory is measured; and how many of them are under way at a time. */
const calls = Number(process.env.LATCHKEY_CALLS ?? 200_000);
const callsAtOnce = 32;

/** Makes so many calls as people do: mostly reads of their own account, now and then a refresh, a page and a file. Prints how many were not answered. */
const makeCalls = `
import { Agent, request } from "node:http";
const agent = new Agent({ keepAlive: true, maxSockets: ${callsAtOnce} });
const send = (method, path, headers = {}, body) => new Promise((resolve, reject) => {
  const sent = request("http://127.0.0.1:3000" + path, { agent, method, headers }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (part) => { text += part; }).on("end", () => resolve({ status: answer.statusCode, text }));
  });
  sent.on("error", reject).end(body);
});
// A machine that is busy with other work is too slow for a call now and then, which is safe to repeat.
const insist = async (...call) => {
  for (;;) {
    const answer = await send(...call);
    if (answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
const post = (path, input) =>
  insist("POST", "/trpc/" + path, { "content-type": "application/json" }, JSON.stringify(input)).then(({ text }) => JSON.parse(text).result.data);
let left = ${calls};
let failed = 0;
async function work({ token, refreshToken }) {
  while (left-- > 0) {
    const turn = left % 50;
    if (turn === 0) ({ token, refreshToken } = await post("token.refresh", { refreshToken }));
    else {
      const path = turn === 1 ? "/sign-in" : turn === 2 ? "/console/people" : turn === 3 ? "/.well-known/jwks.json" : "/trpc/me.get";
      const { status } = await insist("GET", path, { authorization: "Bearer " + token });
      if (status !== 200) failed += 1;
    }
  }
}
// One after the other: so many at once would be taken for somebody who guesses.
const sessions = [];
while (sessions.length < ${callsAtOnce}) sessions.push(await post("token.obtain", { username: "alice", password: ${JSON.stringify(password)} }));
await Promise.all(sessions.map(work));
console.log(failed);
agent.destroy();`;

/** Begins a call that never ends, tells the service twice to stop, and prints what becomes of the connection. */
const hangAndStop = (pid: number) => `
import { connect } from "node:net";
const socket = connect(3000, "127.0.0.1");
socket.write("POST /trpc/token.obtain HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: application/json\\r\\n" +
  "Content-Length: 2\\r\\nExpect: 100-continue\\r\\n\\r\\n");
socket.once("data", () => { process.kill(${pid}, "SIGTERM"); process.kill(${pid}, "SIGINT"); });
socket.on("error", () => {}).on("close", () => console.log("cut off"));`;

/** Milliseconds. A machine that is busy with other work is slow with both forms. */
const longestStart = 300_000;

/** Milliseconds from the start of a process to its first answer, with nothing compiled before. */
async function timeStart(script: string): Promise<number> {
  const startedAt = performance.now();
  const program = launchScript(script, [], {
    folder: "/",
    variables: { ...variables(), PORT: "0", SHUTDOWN_DELAY: "0s", NODE_DISABLE_COMPILE_CACHE: "1" },
  });
  const findUrl = () => program.log().find(({ msg }) => msg === "listening")?.url;
  await vi.waitUntil(() => findUrl() !== undefined || !program.isRunning(), { timeout: longestStart, interval: 10 });
  expect((await fetch(`${findUrl()}/healthz`)).status).toBe(200);
  const took = performance.now() - startedAt;
  program.signal("SIGTERM");
  expect(await program.outcome).toMatchObject({ code: 0 });
  return took;
}

/** Bytes that a process takes, and the most that it ever took. */
async function readMemory(pid: number): Promise<{ readonly now: number; readonly most: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return { now: read("VmRSS"), most: read("VmHWM") };
}

describe("the build of the service", () => {
  it("holds no TypeScript, no developer's tool and no link out of it, and is smaller than 80 MB", async () => {
    const files = await listFiles(build);
    const size = files.reduce((sum, file) => sum + file.size, 0);
    console.log(`size of the build: ${Math.round(size / megabyte)} MB`);
    const names = files.map(({ path }) => path.slice(build.length + 1));
    expect(names.filter((name) => /\.[cm]?tsx?$/.test(name) && !name.endsWith(".d.ts"))).toEqual([]);
    expect(names.filter((name) => /(typescript|vitest|turbo|biome|rolldown)[/\\]/.test(name))).toEqual([]);
    expect(size).toBeLessThan(80 * megabyte);
    expect(names).toEqual(expect.arrayContaining(["THIRD-PARTY-LICENSES.txt", "console/index.html"]));
  });

  it("refuses, in one line, to start in production without a database", async () => {
    const outcome = await launchScript(join(build, "main.js"), [], {
      folder: "/",
      variables: { NODE_ENV: "production", LATCHKEY_SECRET: secret },
    }).outcome;
    expect(outcome).toMatchObject({
      code: 3,
      stderr:
        "latchkey: DATABASE_URL is needed in production; LATCHKEY_EMBEDDED=yes runs a PostgreSQL in the data folder instead\n",
    });
  });

  it("answers its first call in at most 0.6 of the time that the sources take", async () => {
    const parts: number[] = [];
    const isQuick = (part: number | undefined) => part !== undefined && part < 0.6;
    // Two of three rounds tell, of which the third is needed only where the first two do not agree.
    while (parts.length < 2 || (parts.length < 3 && isQuick(parts[0]) !== isQuick(parts[1]))) {
      const ofBuild = await timeStart(join(build, "main.js"));
      const ofSources = await timeStart(join(root, "apps/api/src/main.ts"));
      console.log(`milliseconds to the first answer: build ${Math.round(ofBuild)}, sources ${Math.round(ofSources)}`);
      parts.push(ofBuild / ofSources);
    }
    expect(parts.filter(isQuick).length, `parts: ${parts}`).toBeGreaterThan(1);
  });

  it("takes a config file that imports what it is made of, in its own folder", async () => {
    const config = join(build, "latchkey.config.js");
    await writeFile(
      config,
      `import { defineLatchkeyConfig } from "@latchkey/server";
       import { z } from "zod";
       export default defineLatchkeyConfig({ profile: { team: z.string().max(9).nullable() } });`,
    );
    try {
      const script = join(build, "latchkey.js");
      const settings = { ...variables(), LATCHKEY_CONFIG: config };
      const { code, stdout, stderr } = await launchScript(script, ["list-users", "--json"], {
        folder: "/",
        variables: settings,
      }).outcome;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain("[");
    } finally {
      await rm(config);
    }
  });
});

describe.runIf(isContainable)(
  "as process 1 of a container, as uid 65534, without HOME, network or a root to write to",
  () => {
    let service: Contained;

    beforeAll(async () => {
      expect(
        await runCommand("create-user", "--password-stdin", "--own-password", "--username", "alice"),
      ).toMatchObject({ code: 0 });
      service = await contain(join(build, "main.js"), variables());
      await service.untilLogged("listening");
    });

    afterAll(() => {
      if (service?.isRunning()) service.signal("SIGKILL");
    });

    it("it runs as that user, and as process 1", async () => {
      const status = await readFile(`/proc/${service.innerPid}/status`, "utf8");
      expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
      expect(status).toMatch(/^NSpid:\t\d+\t1$/m);
      expect(status).toMatch(/^CapEff:\t0+$/m);
    });

    it("it takes at most 150 MB at rest, signs people in, and says nothing on standard error", async () => {
      const { now } = await readMemory(service.innerPid);
      console.log(`memory at rest: ${Math.round(now / megabyte)} MB`);
      expect(now).toBeLessThan(150 * megabyte);
      expect(await service.call(signInAndCall)).toBe("200 200 200 200\n");
      expect(service.stderr()).toBe("");
    });

    it(`it never takes more than 200 MB during ${calls} calls, pages and refreshes among them`, async () => {
      expect(await service.call(makeCalls)).toBe("0\n");
      const { now, most } = await readMemory(service.innerPid);
      console.log(
        `memory after ${calls} calls: ${Math.round(now / megabyte)} MB, and at most ${Math.round(most / megabyte)}`,
      );
      expect(most).toBeLessThan(200 * megabyte);
    });

    it("SIGTERM stops it, and it ends with 0", async () => {
      service.signal("SIGTERM");
      expect(await service.outcome).toMatchObject({ code: 0, stderr: "" });
      expect(service.log().at(-1)).toMatchObject({ msg: "stopped" });
    });
  },
);

describe.runIf(isContainable)("process 1, which no signal of its own can end,", () => {
  it("ends at once at a second signal nevertheless, while a call is in flight", async () => {
    const service = await contain(join(build, "main.js"), variables());
    await service.untilLogged("listening");
    const cut = await service.call(hangAndStop(service.innerPid));
    expect(cut).toBe("cut off\n");
    const { code } = await service.outcome;
    expect([130, 143]).toContain(code);
    expect(service.stdout()).not.toContain("unanswered");
  });
});
