import type { Bench } from "../bench.ts";
import type { MeasuredServer } from "../load/processor-time.ts";
import { findFreePort } from "../service/service.ts";
import type { BareAnswers, BareKind } from "./process.ts";

/** Starts a server that does nothing, by one of the layers that a service can be built on. */
export async function startBare(bench: Bench, kind: BareKind): Promise<MeasuredServer & { stop(): Promise<void> }> {
  const child = await bench.processes.start<BareAnswers>("bare/process.ts");
  const port = await findFreePort();
  await child.ask("listen", { kind, port });
  return { url: `http://127.0.0.1:${port}`, usage: () => child.ask("usage", {}), stop: child.stop };
}
