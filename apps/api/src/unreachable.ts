import { StartError } from "@latchkey/auth";

/** What to do, by the code of PostgreSQL or of the system. */
const advice: Readonly<Record<string, string>> = {
  "28000": "look at the role in DATABASE_URL, and at the server's pg_hba.conf",
  "28P01": "look at the role and the password in DATABASE_URL, and whether the role's password has run out",
  "3D000": "make it, with the encoding UTF8, or look at its name in DATABASE_URL",
  "42501": '"latchkey grants --role …" prints what this role needs',
  "42704": "look at the options in DATABASE_URL",
  "53300": "leave this role and the server room for DATABASE_POOL and four connections of each process",
  "55000": "let it accept connections, or look at its name in DATABASE_URL",
  CERT_HAS_EXPIRED: "have the server's certificate made anew",
  DEPTH_ZERO_SELF_SIGNED_CERT: "name that certificate in DATABASE_URL as sslrootcert",
  EACCES: "look at the rights on the folder of its socket",
  EAI_AGAIN: "look at the host in DATABASE_URL",
  ECONNREFUSED: "look whether PostgreSQL runs there, and at the host and the port in DATABASE_URL",
  ENOENT: "look whether PostgreSQL runs, and at the folder of its socket in DATABASE_URL",
  ENOTFOUND: "look at the host in DATABASE_URL",
  ERR_TLS_CERT_ALTNAME_INVALID: "write the host in DATABASE_URL as its certificate has it",
  SELF_SIGNED_CERT_IN_CHAIN: "name the authority of its certificate in DATABASE_URL as sslrootcert",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "name the authority of its certificate in DATABASE_URL as sslrootcert",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "name the authority of its certificate in DATABASE_URL as sslrootcert",
};

/** What the driver says in words of its own, and gives no code. */
const inPlainWords: readonly (readonly [RegExp, string])[] = [
  [/password must be a (non-empty )?string/, "it asks for a password, and none is given: write it into DATABASE_URL"],
  [/does not support SSL/, "it has no TLS: turn ssl on at the server, or take sslmode out of DATABASE_URL"],
  [
    /timeout exceeded|Connection terminated/,
    "it does not answer: look at the host, the port and sslmode in DATABASE_URL",
  ],
];

/** Why a database cannot be used, and what to do, in one line. */
export function unreachable(place: string, cause: unknown): StartError {
  const message = cause instanceof Error ? cause.message || String(cause) : String(cause);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const [, inWords] = inPlainWords.find(([words]) => words.test(message)) ?? [];
  const next = advice[code];
  const why = inWords ?? (next ? `${message}; ${next}` : message);
  return new StartError(`${place} cannot be used: ${why}`, { cause });
}
