import { availableParallelism } from "node:os";

// Password hashes take a thread for each core and one more; the rest of the pool stays free for token signatures and files. libuv reads this
// when the pool is first used, so it is set before anything else is loaded.
if (!(Number(process.env.UV_THREADPOOL_SIZE) >= 1)) process.env.UV_THREADPOOL_SIZE = String(availableParallelism() + 4);

const { runService } = await import("./service.ts");
const { followOutput, reportFailure } = await import("./exit-codes.ts");

followOutput();

try {
  process.exit(await runService());
} catch (error) {
  process.exit(reportFailure(error));
}
