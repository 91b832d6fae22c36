import { readFile } from "node:fs/promises";
import { SourceError } from "../old-row.ts";
import { activeUnless, fromMilliseconds, present, textOf } from "./attributes.ts";
import { type JsonShape, toText, toValues } from "./files.ts";

/** What a Firebase project hashes passwords with. */
interface HashConfig {
  readonly signerKey: Buffer;
  readonly saltSeparator: Buffer;
  readonly rounds: number;
  readonly memory: number;
}

/** What `firebase auth:export users.json` writes. `configPath` is a file with the text that the console shows of the project's hashes. */
export async function createFirebaseShape(configPath: string | undefined): Promise<JsonShape> {
  const config = configPath === undefined ? null : readConfig(await readText(configPath), configPath);
  return {
    list: "users",
    toRow: ({ localId, passwordHash, salt, createdAt, lastSignedInAt, disabled, ...rest }, path) => ({
      oldId: toText(localId) ?? "",
      values: present({
        ...toValues(rest),
        dateJoined: createdAt === undefined ? undefined : fromMilliseconds(createdAt),
        lastLogin: lastSignedInAt === undefined ? undefined : fromMilliseconds(lastSignedInAt),
        ...activeUnless(disabled),
        // Who may not read hashes exports people without them.
        password: toText(passwordHash)
          ? toStored(config, String(passwordHash), toText(salt) ?? "", path)
          : textOf(passwordHash),
      }),
      groups: [],
      permissions: [],
    }),
  };
}

/**
 * The hash is the signer key, encrypted. What is kept is the key stream alone, by which a password is checked without the key: it is a
 * secret of the whole project, and has no place among people's hashes.
 */
function toStored(config: HashConfig | null, hash: string, salt: string, path: string): string {
  if (!config)
    throw new SourceError(
      `${path} has passwords: give the project's hash parameters with --hash-config FILE, as the Firebase console shows them. Nothing was changed.`,
    );
  const encrypted = Buffer.from(hash, "base64");
  if (encrypted.length !== config.signerKey.length) return "unreadable";
  const stream = encrypted.map((byte, at) => byte ^ (config.signerKey[at] ?? 0));
  const salted = Buffer.concat([Buffer.from(salt, "base64"), config.saltSeparator]);
  return `firebase_scrypt$${config.memory},${config.rounds}$${salted.toString("base64")}$${Buffer.from(stream).toString("base64")}`;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new SourceError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function readConfig(text: string, path: string): HashConfig {
  const read = (name: string) => new RegExp(String.raw`\b${name}"?\s*[:=]\s*"?([A-Za-z0-9+/=_-]+)`).exec(text)?.[1];
  const bytes = (name: string) => Buffer.from(read(name) ?? "", "base64");
  const [rounds, memory] = [Number(read("rounds")), Number(read("mem_cost"))];
  const config = {
    signerKey: bytes("base64_signer_key"),
    saltSeparator: bytes("base64_salt_separator"),
    rounds,
    memory,
  };
  const isWhole = config.signerKey.length >= 16 && rounds >= 1 && memory >= 1 && memory <= 30;
  const isScrypt = (read("algorithm") ?? "SCRYPT") === "SCRYPT";
  if (isWhole && isScrypt) return config;
  throw new SourceError(
    `${path} does not hold hash parameters of Firebase: base64_signer_key, base64_salt_separator, rounds and mem_cost of SCRYPT.`,
  );
}
