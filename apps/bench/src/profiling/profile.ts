import type { Runtime } from "node:inspector";
import { type Profiler, Session } from "node:inspector/promises";

/** Microseconds of the main thread's own time, by what the code belongs to. */
export type Spent = Readonly<Record<string, number>>;

export interface Profile {
  stop(): Promise<Spent>;
}

/** Samples what this process's main thread does until it is stopped. */
export async function startProfile(): Promise<Profile> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 200 });
  await session.post("Profiler.start");
  return {
    async stop() {
      const { profile } = await session.post("Profiler.stop");
      session.disconnect();
      return addUp(profile);
    },
  };
}

/** What each sample's innermost function belongs to, added up. */
export function addUp({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Spent {
  const groups = new Map(nodes.map(({ id, callFrame }) => [id, nameGroup(callFrame)]));
  const spent: Record<string, number> = {};
  for (const [index, id] of samples.entries()) {
    const group = groups.get(id) ?? "unknown";
    spent[group] = (spent[group] ?? 0) + (timeDeltas[index] ?? 0);
  }
  return spent;
}

/** The part of the system that a function is of: a package, a part of Node, or a folder of ours. */
export function nameGroup({ functionName, url }: Pick<Runtime.CallFrame, "functionName" | "url">): string {
  const ours = /\/(apps|packages)\/([\w-]+)\/src\//.exec(url);
  if (ours) return `${ours[1]}/${ours[2]}`;
  const installed = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url);
  if (installed) return installed[1] ?? url;
  const builtIn = /^node:(?:internal\/)?(\w+)/.exec(url);
  if (builtIn) return `node:${builtIn[1]}`;
  return functionName.startsWith("(") ? functionName : "native code";
}
