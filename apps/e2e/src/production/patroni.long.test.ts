import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Crowd, createCrowd, expectNothingLost, expectToGoOn, forCrowds } from "../faults/load-clients.ts";
import { password } from "../faults/person.ts";
import { call } from "../live-server.ts";
import { createUser } from "../processes/accounts-by-cli.ts";
import { findFreePort } from "../processes/debian-postgres.ts";
import { queryOnce } from "../processes/external-database.ts";
import { createInstallation, type Installation, type Service } from "../processes/installation.ts";
import { until } from "../processes/service-process.ts";
import { createDice } from "../sessions/seeded-random.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import { hasPatroni, type PatroniCluster, startPatroniCluster } from "./patroni-cluster.ts";

// A cluster that nobody of ours wrote, as deploy/patroni describes it, under load: whatever of it fails, what was acknowledged stays, and
// what was revoked stays revoked.

/** Milliseconds after a promotion in which the service has to answer again. */
const recovery = 3_000;

/** Milliseconds of load before and after each accident. */
const stretch = 3_000;

interface Revocations {
  /** How often a token that was acknowledged to be revoked was used afterwards, and answered. */
  checked: number;
  /** How often one of them was taken. */
  taken: number;
}

describe.runIf(hasPatroni)("three nodes under Patroni, with etcd, HAProxy and PgBouncer, under load", () => {
  let cluster: PatroniCluster;
  let installation: Installation;
  let balancer: Balancer;
  let ports: readonly [number, number];
  let crowd: Crowd;
  let working: Promise<unknown>;
  /** What somebody was shown that cannot be, with what the primary says at that moment. */
  const contradictions: string[] = [];
  const services = new Map<number, Service>();
  const revocations: Revocations = { checked: 0, taken: 0 };
  const stopping = new AbortController();
  let revoking: Promise<void>;

  beforeAll(async () => {
    cluster = await startPatroniCluster(await findFreePort());
    const variables = {
      ...{ DATABASE_URL: cluster.pooledUrl, PREPARED_STATEMENTS: "off", MIGRATE: "check" },
      ...{ LATCHKEY_SECRET: randomBytes(32).toString("base64url"), SHUTDOWN_DELAY: "1s" },
      ...forCrowds,
    };
    installation = await createInstallation(variables);
    const direct = { DATABASE_URL: cluster.directUrl, PREPARED_STATEMENTS: "on" };
    expect(await installation.run(["migrate"], { variables: direct })).toMatchObject({ code: 0 });
    // The crowd gives everybody its own password.
    await createUser(installation, "--username", "alice");
    ports = [await findFreePort(), await findFreePort()];
    for (const port of ports) services.set(port, await installation.start({ PORT: String(port) }));
    balancer = await startBalancer(ports);
    crowd = await createCrowd({ connectionString: cluster.directUrl }, 6, { url: balancer.url });
    working = Promise.all(
      crowd.people.map((person, index) =>
        person.work(createDice(index), stopping.signal).catch((error) => report(error)),
      ),
    );
    revoking = revokeOn();
  }, 300_000);

  afterAll(async () => {
    stopping.abort();
    await revoking;
    await working;
    crowd?.[Symbol.dispose]();
    await balancer?.[Symbol.asyncDispose]();
    await installation?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  }, 120_000);

  /** Whether a write was lost, or a read answered by a node that is the primary no more, the next look tells. */
  async function report(error: unknown): Promise<void> {
    const said = await queryOnce(
      { connectionString: cluster.directUrl },
      `select host(inet_server_addr()) as node, pg_is_in_recovery() as standby, (select timeline_id from pg_control_checkpoint()) as timeline,
        current_setting('synchronous_standby_names') as sync, jsonb_object_agg(username, city) as cities from latchkey.users where city is not null`,
    ).catch(String);
    contradictions.push(`${new Date().toISOString()} ${String(error)}; now ${JSON.stringify(said)}`);
    console.log(contradictions.at(-1));
  }

  const urlOf = (port: number) => `http://127.0.0.1:${port}`;

  /** Calls until it is answered in the one way or the other, and not that the database is away. */
  async function insist(
    procedure: string,
    about: Parameters<typeof call>[2],
    turn = 0,
  ): Promise<{ status: number; body: unknown }> {
    for (let port = turn; !stopping.signal.aborted; port += 1) {
      const answer = await call(urlOf(ports[port % 2] ?? 0), procedure, about).catch(() => null);
      if (answer && answer.status < 429) return answer;
      await pause(50);
    }
    return { status: 0, body: null };
  }

  /** Signs somebody in and out over and over, and uses the token of each session that was acknowledged to have ended, on both processes. */
  async function revokeOn(): Promise<void> {
    while (!stopping.signal.aborted) {
      const { status, body } = await insist("token.obtain", { input: { username: "alice", password } });
      if (status !== 200) continue;
      const { token, refreshToken } = body as { token: string; refreshToken: string };
      if ((await insist("token.revoke", { input: { refreshToken } })).status !== 200) continue;
      for (const turn of [0, 1]) {
        const used = await insist("me.get", { token }, turn);
        if (used.status === 0) continue;
        revocations.checked += 1;
        if (used.status === 200) revocations.taken += 1;
      }
      await pause(50);
    }
  }

  const isWrite = (procedure: string) => ["me.update", "token.refresh", "token.obtain"].includes(procedure);
  const successesSince = (time: number) =>
    crowd.since(time).filter(({ status, procedure }) => status === 200 && isWrite(procedure));

  /** Resolves with the milliseconds from a moment to the end of the first write that was acknowledged after it. */
  async function untilWritten(since: number): Promise<number> {
    await until(() => successesSince(since).length > 0);
    return (successesSince(since)[0]?.at ?? Number.NaN) - since;
  }

  /** Has a primary go away, and answers what that came to. */
  async function failOver(what: string, accident: (node: 1 | 2 | 3) => Promise<void>): Promise<void> {
    await cluster.untilWhole();
    await pause(stretch);
    const old = await cluster.findPrimary();
    const [checkedBefore, brokenAt] = [revocations.checked, performance.now()];
    await accident(old);
    const promotedAt = await cluster.untilPromoted(old);
    const back = await untilWritten(promotedAt);
    const checkedThen = revocations.checked;
    await pause(stretch);
    await until(() => revocations.checked > checkedThen);
    const round = (milliseconds: number) => Math.round(milliseconds / 100) / 10;
    console.log(
      `${what}: promoted after ${round(promotedAt - brokenAt)} s, first write ${round(back)} s after that, ${revocations.checked - checkedBefore} revocations checked`,
    );
    expect(back).toBeLessThan(recovery);
    expect(await cluster.findPrimary()).not.toBe(old);
    expect({ taken: revocations.taken, contradictions }).toEqual({ taken: 0, contradictions: [] });
  }

  it("the node of the primary is killed: another is promoted, and the service writes again within three seconds", async () => {
    let killed = 0;
    await failOver("node killed", async (node) => {
      killed = node;
      await cluster.killNode(node);
    });
    await cluster.start(`patroni${killed}`);
  });

  it("PostgreSQL of the primary alone is killed: the same", async () => {
    await failOver("PostgreSQL killed", (node) => cluster.killPostgres(node));
  });

  it("the primary is cut off from the others, and takes no write meanwhile: the same", async () => {
    let cutOff: 1 | 2 | 3 = 1;
    await failOver(cluster.hasNetworks ? "network cut" : "node stopped", async (node) => {
      cutOff = node;
      await cluster.cut(node);
    });
    await cluster.join(cutOff);
  });

  it("a member of etcd is killed: nobody is promoted, and writes go on", async () => {
    await cluster.untilWhole();
    const primary = await cluster.findPrimary();
    for (const node of [1, 2, 3] as const) {
      await cluster.killEtcd(node);
      await pause(stretch);
      const at = performance.now();
      expect(await untilWritten(at)).toBeLessThan(recovery);
      await cluster.start(`etcd${node}`);
      await cluster.untilWhole();
    }
    expect(await cluster.findPrimary()).toBe(primary);
    expect(revocations.taken).toBe(0);
  });

  it("a process of the service is killed: the other goes on, and a new one takes its place", async () => {
    await cluster.untilWhole();
    const [port] = ports;
    services.get(port)?.signal("SIGKILL");
    await services.get(port)?.outcome;
    expect(await untilWritten(performance.now())).toBeLessThan(recovery);
    services.set(port, await installation.start({ PORT: String(port) }));
    await until(() => balancer.isReady(port));
  });

  it("after all that no acknowledged write is lost, nobody was signed out, and no revoked token was ever taken", async () => {
    await cluster.untilWhole();
    const countWritten = () =>
      crowd.people.reduce(
        (sum, { updates, refreshes, signIns }) => sum + updates.told + refreshes.told + signIns.told,
        0,
      );
    // A busy machine takes longer for as many.
    await expect.poll(countWritten, { timeout: 120_000 }).toBeGreaterThan(500);
    await expect.poll(() => revocations.checked, { timeout: 120_000 }).toBeGreaterThan(50);
    stopping.abort();
    await Promise.all([working, revoking]);
    expect(contradictions).toEqual([]);
    await expectToGoOn(crowd);
    await expectNothingLost(crowd, { connectionString: cluster.directUrl });
    console.log(
      `${countWritten()} acknowledged writes, 0 lost; ${revocations.checked} revoked tokens used, ${revocations.taken} taken`,
    );
    expect(revocations.taken).toBe(0);
  });
});
