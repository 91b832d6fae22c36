import { execFile, spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { shareOut } from "@latchkey/auth/testing";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { DCLinter } from "dclint";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { timeouts } from "../../../../packages/auth/src/storage/pool.ts";
import { parseSettings, secretSettings } from "../../../api/src/environment.ts";
import { describeSettings } from "../../../api/src/settings-report.ts";
import { root } from "./documents.ts";
import { findManifestFaults } from "./manifest-faults.ts";

const read = (path: string) => readFile(join(root, "deploy", path), "utf8");

const known = [
  "NODE_ENV",
  ...Object.keys(describeSettings(parseSettings({}))),
  ...secretSettings.map((name) => `${name}_FILE`),
];

async function readYaml(path: string, version: "1.1" | "1.2" = "1.2") {
  const documents = parseAllDocuments(await read(path), { merge: true, version });
  expect(
    documents.flatMap((document) => ("errors" in document ? [...document.errors, ...document.warnings] : [])),
    path,
  ).toEqual([]);
  return documents.map((document) => document.toJS());
}

const manifests = (await readdir(join(root, "deploy/kubernetes"))).sort();
// Kubernetes reads YAML of before 1.2, where `yes` is true and 0440 octal.
const resources = (await Promise.all(manifests.map((name) => readYaml(`kubernetes/${name}`, "1.1")))).flat();
const podsOf = resources.filter(({ spec }) => spec.template).map(({ kind, spec }) => ({ kind, ...spec.template.spec }));

test("the settings in every file of deploy/ are settings, and production says where its secrets are", async () => {
  const { services } = (await readYaml("compose.yaml"))[0];
  const dockerfile = await read("Dockerfile");
  const unit = await read("latchkey.service");
  const named = [
    ...Object.keys(services.latchkey.environment),
    ...Object.keys(services.migrate.environment),
    ...[...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = ""]) => line.match(/\w+(?==)/g) ?? []),
    ...[...unit.matchAll(/^Environment=(.*)$/gm)].flatMap(([, line = ""]) => line.match(/\w+(?==)/g) ?? []),
    ...podsOf.flatMap(({ containers }) => containers[0].env.map(({ name }: { name: string }) => name)),
  ];
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
  for (const pod of podsOf) {
    const env = Object.fromEntries(pod.containers[0].env.map((entry: { name: string }) => [entry.name, entry]));
    expect(env).toMatchObject({ NODE_ENV: { value: "production" } });
    const mounted = pod.volumes[0].secret.items.map(({ path }: { path: string }) => `/run/secrets/latchkey/${path}`);
    expect([env.DATABASE_URL_FILE.value, env.LATCHKEY_SECRET_FILE.value].sort()).toEqual(mounted.sort());
  }
});

test("the manifests are what the schemas of Kubernetes say, and have no field that these do not know", async () => {
  expect(resources.map(({ kind }) => kind).sort()).toEqual(["Deployment", "Job", "PodDisruptionBudget", "Service"]);
  for (const resource of resources) expect(await findManifestFaults(resource), resource.kind).toEqual([]);
});

test.each([
  [
    "a field that is misspelled",
    "readinessProbe:",
    "readinesProbe:",
    "/spec/template/spec/containers/0/readinesProbe is unknown",
  ],
  ["a field in a wrong place", "  replicas: 2", "replicas: 2", "/replicas is unknown"],
  ["a number where a text is wanted", 'value: "3000"', "value: 3000", "env/2/value must be string"],
  [
    "a text where a number is wanted",
    "failureThreshold: 60",
    "failureThreshold: often",
    "startupProbe/failureThreshold must be integer",
  ],
  [
    "a probe of no port",
    "path: /readyz, port: http",
    "path: /readyz",
    "readinessProbe/httpGet must have required property port",
  ],
  ["memory in no unit", "memory: 512Mi", "memory: 512 MB", "limits/memory"],
  ["a version that no kind has", "apps/v1", "apps/v9", "There is no Deployment in apps/v9"],
])("%s is found in a manifest", async (_what, right, wrong, told) => {
  const text = await read("kubernetes/latchkey.yaml");
  expect(text).toContain(right);
  const [deployment] = parseAllDocuments(text.replace(right, wrong), { version: "1.1" });
  expect((await findManifestFaults(deployment?.toJS())).join("\n")).toContain(told);
});

test("a pod runs as nobody, writes nowhere, and is asked by the answers that the service has", () => {
  expect(podsOf.map(({ kind }) => kind).sort()).toEqual(["Deployment", "Job"]);
  for (const { securityContext, containers } of podsOf) {
    expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65_534 });
    expect(containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  }
  const [container] = podsOf.find(({ kind }) => kind === "Deployment")?.containers ?? [];
  expect(container.readinessProbe.httpGet.path).toBe("/readyz");
  for (const probe of ["startupProbe", "livenessProbe"]) expect(container[probe].httpGet.path).toBe("/healthz");
});

test("a pod that stops has the time that a stop may take, and is out of rotation before it closes", () => {
  const pod = podsOf.find(({ kind }) => kind === "Deployment");
  const { env, readinessProbe } = pod?.containers[0] ?? {};
  const delay = env.find(({ name }: { name: string }) => name === "SHUTDOWN_DELAY").value;
  const { SHUTDOWN_DELAY } = parseSettings({ SHUTDOWN_DELAY: delay });
  expect(pod?.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(SHUTDOWN_DELAY + 10);
  expect(SHUTDOWN_DELAY).toBeGreaterThan(readinessProbe.periodSeconds * readinessProbe.failureThreshold);
});

test("a pod tells its figures at a port of its own, which no Service leads to", () => {
  const pod = podsOf.find(({ kind }) => kind === "Deployment");
  const { env, ports } = pod?.containers[0] ?? {};
  const set = parseSettings(
    Object.fromEntries(
      env.flatMap(({ name, value = "" }: { name: string; value?: string }) =>
        name.startsWith("METRICS_") ? [[name, value]] : [],
      ),
    ),
  );
  expect(ports).toContainEqual({ name: "metrics", containerPort: set.METRICS_PORT });
  expect(set.METRICS_HOST).toBe("0.0.0.0");
  const service = resources.find(({ kind }) => kind === "Service");
  expect(service.spec.ports).toEqual([{ name: "http", port: 80, targetPort: "http" }]);
});

/** The declarations of the linter lead nowhere. */
interface Finding {
  readonly type: "error" | "warning";
  readonly rule: string;
  readonly message: string;
}

/** What the schema of Compose says against a file, and a linter of how it may be reached and what it is made of. */
async function findComposeFaults(text: string): Promise<string[]> {
  const path = join(await makeTemporaryFolder("latchkey-compose-"), "compose.yaml");
  await writeFile(path, text);
  const linter = new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] });
  const [found]: readonly { readonly messages: readonly Finding[] }[] = linter.lintFiles([path], false);
  const errors = found?.messages.filter(({ type }) => type === "error") ?? [];
  return errors.map(({ rule, message }) => `${rule}: ${message}`);
}

test("compose.yaml is what the schema of Compose says, and is reached from this machine alone", async () => {
  expect(await findComposeFaults(await read("compose.yaml"))).toEqual([]);
});

for (const { tags, cases } of shareOut(
  [
    ["a field that is misspelled", "read_only:", "readonly:", "must NOT have additional properties"],
    ["a condition that there is not", "condition: service_healthy", "condition: healthy", "depends_on"],
    ["a time that is none", "interval: 2s", "interval: [2]", "interval"],
    ["a port for everybody", '"127.0.0.1:3000:3000"', '"3000:3000"', "no-unbound-port-interfaces"],
    ["an image of whatever is the latest", "image: postgres:18", "image: postgres", "explicit"],
  ],
  3,
))
  test.each(cases)("%s is found in compose.yaml", { tags }, async (_what, right, wrong, told) => {
    const text = await read("compose.yaml");
    expect(text).toContain(right);
    expect((await findComposeFaults(text.replace(right, wrong))).join("\n")).toContain(told);
  });

test("compose asks PostgreSQL where the service will ask it, and a migration that came too early is tried again", async () => {
  const { services } = (await readYaml("compose.yaml"))[0];
  expect(services.postgres.healthcheck.test.join(" ")).toContain("--host 127.0.0.1");
  expect(services.migrate.restart).toBe("on-failure");
});

test("whoever restarts a container asks whether the process answers, and not whether its database does", async () => {
  const [, asked] = /HEALTHCHECK[\s\S]*?PORT\}(\/\w+)`/.exec(await read("Dockerfile")) ?? [];
  expect(asked).toBe("/healthz");
  const { readinessProbe } = podsOf.find(({ kind }) => kind === "Deployment")?.containers[0] ?? {};
  // A look at the database may wait for a connection, for as long as a call does.
  expect(readinessProbe.timeoutSeconds * 1_000).toBeGreaterThan(timeouts.queue + timeouts.opening / 2);
});

test("the unit starts the service again whatever ended it, has a folder to write to, and the time that a stop may take", async () => {
  const unit = await read("latchkey.service");
  const setTo = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1];
  const { SHUTDOWN_DELAY } = parseSettings({
    NODE_ENV: "production",
    DATABASE_URL: "postgres://127.0.0.1/latchkey",
    LATCHKEY_SECRET: "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs",
  });
  expect([setTo("Restart"), setTo("StateDirectory")]).toEqual(["always", "latchkey"]);
  expect(Number(setTo("TimeoutStopSec"))).toBeGreaterThanOrEqual(SHUTDOWN_DELAY + 10);
  const run = await read("latchkey-run");
  for (const property of ["EnvironmentFile", "LoadCredential", "StateDirectory"])
    for (const [line] of unit.matchAll(new RegExp(`^${property}=.*$`, "gm")))
      expect(run).toContain(`--property=${line}`);
  expect(run).toContain(`--working-directory=${setTo("WorkingDirectory")}`);
});

test("the programs that are started are those of the build", async () => {
  const programs = new Set([...(await read("Dockerfile")).matchAll(/CMD \["([\w.]+)"\]/g)].map(([, name]) => name));
  const unit = /^ExecStart=\S+ \/opt\/latchkey\/(\S+)$/m.exec(await read("latchkey.service"))?.[1];
  const { services } = (await readYaml("compose.yaml"))[0];
  const job = podsOf.find(({ kind }) => kind === "Job");
  expect([...programs, unit, services.migrate.command, job?.containers[0].args]).toEqual([
    "main.js",
    "main.js",
    ["latchkey.js", "migrate"],
    ["latchkey.js", "migrate"],
  ]);
});

test("no file that holds a secret, of compose or of a command, gets into a layer of the image or into git", async () => {
  const { secrets } = (await readYaml("compose.yaml"))[0];
  const files = Object.values<{ file: string }>(secrets).map(({ file }) =>
    file.replace(/^\$\{LATCHKEY_SECRETS:-\.\/(\w+)\}/, "deploy/$1"),
  );
  expect(files).toHaveLength(3);
  const ignored = {
    git: await readFile(join(root, ".gitignore"), "utf8"),
    docker: await read("Dockerfile.dockerignore"),
  };
  for (const [by, text] of Object.entries(ignored)) {
    const patterns = text
      .split("\n")
      .filter(Boolean)
      .map((line) => line.replace(/^\*\*\//, "").replace(/\/$/, ""));
    const isIgnored = (path: string) => patterns.some((pattern) => path === pattern || path.startsWith(`${pattern}/`));
    expect(
      files.filter((path) => !isIgnored(path)),
      by,
    ).toEqual([]);
    expect(patterns, by).toEqual(expect.arrayContaining([".env", ".latchkey", "*.backup", "*.erasures"]));
  }
});

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

test.skipIf(!hasSystemd)("systemd finds nothing wrong with the unit, nor unknown in it", async () => {
  // Node.js may be elsewhere here, which is no fault of the unit.
  const unit = (await read("latchkey.service")).replace("/usr/bin/node", process.execPath);
  const path = join(await makeTemporaryFolder("latchkey-unit-"), "latchkey.service");
  await writeFile(path, unit);
  const found = await promisify(execFile)("systemd-analyze", ["verify", "--man=no", path]);
  expect(found).toEqual({ stdout: "", stderr: "" });
});
