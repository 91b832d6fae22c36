import { type OldRow, SourceError } from "../old-row.ts";
import { fromMilliseconds, isRecord, present, withAttributes } from "./attributes.ts";
import { type JsonShape, toText, toValues } from "./files.ts";

/** A realm as `kc.sh export` writes it, with everybody in it, or one of its files of users. */
export const keycloakShape: JsonShape = {
  list: "users",
  fieldsBeside: ["groups"],
  toRow({ id, enabled, createdTimestamp, attributes, credentials, groups, ...rest }, path): OldRow {
    // Without `--realm` it exports all of them, and names of one realm are others' in another.
    if (Array.isArray(rest.users))
      throw new SourceError(`${path} has several realms: export one of them, with --realm NAME. Nothing was changed.`);
    const held = Array.isArray(credentials) ? credentials.filter(isRecord) : [];
    const isPassword = ({ type }: Credential) => type === "password";
    const others = held.filter((one) => !isPassword(one)).map(({ type }) => String(type));
    const own = present({
      ...toValues(rest),
      isActive: toText(enabled),
      dateJoined: fromMilliseconds(createdTimestamp),
      password: credentials === undefined ? undefined : readCredential(held.find(isPassword)),
      // Second factors, which do not come along: so that this is told.
      credentials: others.length > 0 ? others.join(";") : null,
    });
    return {
      oldId: toText(id) ?? "",
      values: withAttributes(own, attributes),
      groups: Array.isArray(groups) ? groups.map((path) => String(path).replace(/^\//, "")) : [],
      permissions: [],
    };
  },
};

type Credential = Readonly<Record<string, unknown>>;

const hashes: Readonly<Record<string, string>> = {
  pbkdf2: "sha1",
  "pbkdf2-sha256": "sha256",
  "pbkdf2-sha512": "sha512",
};

/** The hash in a form that is read here; what is of another algorithm stays as it is, and is told. */
function readCredential(credential: Credential | undefined): string | null {
  if (!credential) return null;
  const data = { ...credential, ...readObject(credential.credentialData), ...readObject(credential.secretData) };
  const {
    algorithm,
    hashIterations: iterations,
    salt,
    value = data.hashedSaltedValue,
  } = data as Credential & {
    value?: unknown;
  };
  const hash = Object.hasOwn(hashes, String(algorithm)) ? hashes[String(algorithm)] : undefined;
  if (hash !== undefined) return `pbkdf2_bytes$${hash},${iterations}$${salt}$${value}`;
  if (algorithm === "argon2") return readArgon2(data, `${salt}$${value}`);
  return toText(value) ?? "unreadable";
}

function readArgon2({ hashIterations, additionalParameters }: Credential, rest: string): string {
  const parameters = isRecord(additionalParameters) ? additionalParameters : {};
  const read = (name: string) => [parameters[name]].flat()[0];
  const version = read("version") === "1.3" ? 19 : 16;
  const costs = `m=${read("memory")},t=${hashIterations},p=${read("parallelism")}`;
  return `$argon2${read("type")}$v=${version}$${costs}$${rest.replaceAll("=", "")}`;
}

function readObject(text: unknown): Credential {
  try {
    const value: unknown = typeof text === "string" ? JSON.parse(text) : text;
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
