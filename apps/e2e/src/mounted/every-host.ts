import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { hostKinds } from "./live-host.ts";

/** `pnpm test:mounted`: runs the suite of HTTP on every kind of host, and with the procedures below a name. */
const rounds: readonly Readonly<Record<string, string>>[] = [
  ...hostKinds.map((kind) => ({ LATCHKEY_HOST: kind })),
  { LATCHKEY_HOST: "standalone", LATCHKEY_PREFIX: "auth" },
];

for (const round of rounds) {
  console.log(round);
  const { status } = spawnSync("vitest", ["run", "--config", "vitest.mounted.config.ts", ...process.argv.slice(2)], {
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    env: { ...process.env, ...round },
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = 1;
}
