import { calls } from "./calls.ts";
import { codes } from "./codes.ts";
import { hostile } from "./hostile.ts";
import { importing } from "./import.ts";
import { latency } from "./latency.ts";
import { layers } from "./layers.ts";
import { lookups } from "./lookups.ts";
import { memory } from "./memory.ts";
import { metrics } from "./metrics.ts";
import { mounted } from "./mounted.ts";
import { refreshes } from "./refreshes.ts";
import type { Row } from "./row.ts";
import { sessions } from "./sessions.ts";
import { signIns } from "./sign-ins.ts";
import { start } from "./start.ts";
import { twoProcesses } from "./two-processes.ts";

/** Every row, in the order in which they are measured. */
export const rows: readonly Row[] = [
  calls,
  signIns,
  latency,
  refreshes,
  codes,
  lookups,
  sessions,
  memory,
  twoProcesses,
  start,
  layers,
  mounted,
  metrics,
  importing,
  // The last, since the addresses that flooded are refused for a while.
  hostile,
];
