import { SendError } from "@latchkey/auth";
import { sayWhy } from "./say-why.ts";

/** What a provider answered. */
export interface ProviderAnswer {
  readonly status: number;
  /** Parsed JSON, or the text of an answer that is none. */
  readonly body: unknown;
}

/** Bytes of an answer that are read; the rest is nonsense. */
const longestAnswer = 65_536;

/** Sends a request to a provider and reads a short answer. @throws SendError `busy` when it cannot be reached or asks to wait */
export async function callProvider(
  url: string,
  init: { readonly headers: Readonly<Record<string, string>>; readonly body: string; readonly method?: string },
  signal: AbortSignal,
): Promise<ProviderAnswer> {
  try {
    const { method = "POST", headers, body } = init;
    const content = method === "GET" ? {} : { body };
    const response = await fetch(url, { method, headers, ...content, redirect: "error", signal });
    return { status: response.status, body: toJson(await readShort(response)) };
  } catch (error) {
    const { name, message } = sayWhy(error);
    throw new SendError("busy", `${name}: ${message}`);
  }
}

async function readShort(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > longestAnswer) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What a path such as `messages.0.id` leads to, as text; undefined when it leads nowhere. */
export function readPath(value: unknown, path: string): string | undefined {
  let at: unknown = value;
  for (const key of path.split(".")) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = Reflect.get(at, key);
  }
  return typeof at === "string" || typeof at === "number" ? String(at) : undefined;
}

/** Why a provider refused, by its HTTP status alone. */
export function toSendError(status: number, detail: string): SendError {
  if (status === 401 || status === 403 || status === 404) return new SendError("misconfigured", detail);
  if (status === 408 || status === 425 || status === 429 || status >= 500) return new SendError("busy", detail);
  return new SendError("rejected", detail);
}

/** A provider's answer of success, or the refusal that `codes` has for the code in it. */
export function refuseUnlessOk(
  { status, body }: ProviderAnswer,
  { codePath, codes }: { codePath: string; codes: Readonly<Record<string, SendError["refusal"]>> },
): void {
  if (status >= 200 && status < 300) return;
  const code = readPath(body, codePath);
  const known = code === undefined ? undefined : codes[code];
  // A provider's own words may quote the message.
  const detail = `HTTP ${status}${code === undefined ? "" : `, code ${code}`}`;
  throw known ? new SendError(known, detail) : toSendError(status, detail);
}
