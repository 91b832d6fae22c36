/** An address of PostgreSQL taken apart. `postgres://user@/database` has no host, which a URL with a user must have. */
export const parsePostgresUrl = (address: string): URL => new URL(withoutEmptyHost(address));

/** Whether it is one that can be taken apart. */
export const isPostgresUrl = (address: string): boolean => URL.canParse(withoutEmptyHost(address));

function withoutEmptyHost(address: string): string {
  const [, scheme, user, rest = ""] = /^(postgres(?:ql)?:\/\/)([^/?#@]*)@((?:[/?].*)?)$/.exec(address) ?? [];
  if (scheme === undefined || user === undefined) return address;
  const [name = "", ...password] = user.split(":");
  const credentials = `user=${name}${password.length > 0 ? `&password=${password.join(":")}` : ""}`;
  return `${scheme}${rest}${rest.includes("?") ? "&" : "?"}${credentials}`;
}

/** What the driver verifies as `verify-full` does, and warns that another release of it will not. */
const verified = ["prefer", "require", "verify-ca"];

/** Says of certificates what the driver is to do, without its warning. */
export function sayHowToVerify({ searchParams }: URL): void {
  // Node brings the certificates that systems trust, and checks the name too.
  if (searchParams.get("sslrootcert") === "system") {
    searchParams.delete("sslrootcert");
    searchParams.set("sslmode", "verify-full");
  }
  const mode = searchParams.get("sslmode") ?? "";
  if (verified.includes(mode) && searchParams.get("uselibpqcompat") !== "true")
    searchParams.set("sslmode", "verify-full");
}
