import { isLoopback } from "@latchkey/server/internal";

type Variables = Readonly<Record<string, string | undefined>>;

/** What the driver checks the server's certificate and name for, unless it is told to do as PostgreSQL's own programs do. */
const verifying = ["prefer", "require", "verify-ca", "verify-full"];

const urlOf = (host: string) => `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}`;
const isLocalHost = (host: string) => host.startsWith("/") || isLoopback(urlOf(host));

/** Why a database is not spoken to in production, in one line; null where nothing is in the way. */
export function findDatabaseWireFault(connectionString: string, variables: Variables): string | null {
  if (variables.INSECURE_DATABASE === "yes") return null;
  const { hostname, searchParams } = new URL(connectionString);
  const named = [decodeURIComponent(hostname), ...searchParams.getAll("host")].filter((host) => host !== "");
  const hosts = named.length > 0 ? named : [variables.PGHOST || "localhost"];
  if (hosts.every(isLocalHost) || verifiesServer(searchParams, variables)) return null;
  return "DATABASE_URL leads to another machine without TLS that is verified: add ?sslmode=verify-full to it, or set INSECURE_DATABASE=yes where nobody else reaches that network";
}

function verifiesServer(parameters: URLSearchParams, { PGSSLMODE }: Variables): boolean {
  const mode = parameters.get("sslmode");
  if (parameters.get("uselibpqcompat") === "true") return mode === "verify-full";
  if (mode !== null) return verifying.includes(mode);
  const ssl = parameters.get("ssl");
  return ssl === null ? verifying.includes(PGSSLMODE ?? "") : ["true", "1"].includes(ssl);
}

export interface ServedAddress {
  readonly isProduction: boolean;
  readonly HOST: string;
  readonly PUBLIC_URL?: string | undefined;
  readonly INSECURE_HTTP: "yes" | "no";
}

/**
 * Why the service does not listen in production, in one line: passwords would come over a network that anybody on the way can read, and
 * cookies without `Secure`. Null where nothing is in the way.
 */
export function findServingFault({ isProduction, HOST, PUBLIC_URL, INSECURE_HTTP }: ServedAddress): string | null {
  if (!isProduction || INSECURE_HTTP === "yes" || PUBLIC_URL?.startsWith("https:")) return null;
  if (PUBLIC_URL !== undefined && !isLoopback(PUBLIC_URL))
    return "PUBLIC_URL is not https: put a proxy with TLS in front of the service, or set INSECURE_HTTP=yes";
  if (isLocalHost(HOST)) return null;
  return `HOST=${HOST} is reached from other machines: set PUBLIC_URL to the https address that browsers use, or INSECURE_HTTP=yes where there is no TLS`;
}
