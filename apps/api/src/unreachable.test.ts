import { expect, test } from "vitest";
import { unreachable } from "./unreachable.ts";

const failed = (message: string, code?: string) =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

test.each<[cause: Error, line: string]>([
  [
    failed("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED"),
    "connect ECONNREFUSED 127.0.0.1:1; look whether PostgreSQL runs there, and at the host and the port in DATABASE_URL",
  ],
  [
    failed('database "people" does not exist', "3D000"),
    'database "people" does not exist; make it, with the encoding UTF8, or look at its name in DATABASE_URL',
  ],
  [
    failed("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string"),
    "it asks for a password, and none is given: write it into DATABASE_URL",
  ],
  [
    failed("The server does not support SSL connections"),
    "it has no TLS: turn ssl on at the server, or take sslmode out of DATABASE_URL",
  ],
  [failed("something that nobody knows"), "something that nobody knows"],
])("%s is told with what to do", (cause, line) => {
  const error = unreachable("PostgreSQL at db/people", cause);
  expect(error.message).toBe(`PostgreSQL at db/people cannot be used: ${line}`);
  expect(error.cause).toBe(cause);
});
