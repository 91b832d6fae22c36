import { hostname } from "node:os";
import { withoutValues } from "@latchkey/server";
import { type DestinationStream, type Logger, pino } from "pino";

/** The time of a line, written anew each second but for its milliseconds: `Date` takes ten times as long for a whole one. */
function createTimestamp(): () => string {
  let second = Number.NaN;
  let written = "";
  return () => {
    const time = Date.now();
    const milliseconds = time % 1_000;
    if (time - milliseconds !== second) {
      second = time - milliseconds;
      written = new Date(second).toISOString().slice(0, -"000Z".length);
    }
    return `,"time":"${written}${String(milliseconds).padStart(3, "0")}Z"`;
  };
}

/**
 * JSON lines. Inputs, answers and headers are never logged; should an object with a secret in it be logged by mistake, the
 * names below are blanked.
 */
export function createLog(level: string, destination: DestinationStream = process.stdout): Logger {
  const names = [
    "password",
    "token",
    "refreshToken",
    "secret",
    "authorization",
    "cookie",
    "phoneNumber",
    "currentPassword",
    "newPassword",
  ];
  const paths = names.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino(
    {
      level,
      base: { host: hostname(), pid: process.pid },
      timestamp: createTimestamp(),
      formatters: { level: (label) => ({ level: label }) },
      // Whoever logs an error may have it from PostgreSQL, which repeats rows in what it says.
      serializers: { err: (error: unknown) => pino.stdSerializers.err(withoutValues(error) as Error) },
      redact: { paths, censor: "[redacted]" },
    },
    // Node's own stream: with one of pino's, a process whose terminal is gone or whose disk is full hangs at its end for ever.
    destination,
  );
}
