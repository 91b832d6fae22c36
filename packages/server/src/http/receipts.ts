import { createHash, timingSafeEqual } from "node:crypto";
import { type DeliveryReceipt, isStorageUnavailable, StartError } from "@latchkey/auth";
import { limitBody } from "./limit-body.ts";
import type { TellOperator } from "./origins.ts";
import { refuse, refuseFailure, refuseMethod } from "./refusals.ts";

/** Where providers tell what became of messages, unless you say another place. */
export const receiptsPath = "/messages/receipts";

/** What a provider sent: its body as it came, which is what it signs, and its headers. */
export interface SentReceipt {
  readonly body: string;
  header(name: string): string | null;
}

/** Reads what a provider tells; null when it is not the provider who does. */
export type ReadReceipts = (sent: SentReceipt) => readonly DeliveryReceipt[] | null;

type ByProvider<Value> = Readonly<Record<string, Value>>;

/** Which providers are listened to, and by what each is known. */
export interface ReceiptsOptions {
  /** Notes one; as often as it comes. */
  readonly receive: (receipt: DeliveryReceipt) => Promise<void>;
  /** What stands before the provider's name in the path; `/messages/receipts` by default. */
  readonly path?: string;
  /** Providers that sign what they send, by their name in the path. */
  readonly signed?: ByProvider<ReadReceipts>;
  /** Providers that sign nothing: `secret` is the last part of their path. */
  readonly bySecret?: ByProvider<ReadReceipts>;
  /** 32 random bytes or more; without it no provider is believed that signs nothing. */
  readonly secret?: string | undefined;
  /** What a provider asks by GET before it tells anything, such as Meta: the text to answer, or null for a stranger. */
  readonly challenges?: ByProvider<(query: URLSearchParams) => string | null>;
  /** Told once what whoever runs the server should know: that something in front of this has read the body. */
  readonly onNotice?: TellOperator;
}

/** What a `Request` does not have any more where something in front of it has read its body. */
export interface ReceiptInfo {
  /** The bytes of the body as they came; needed where a body parser stands in front of this. */
  readonly rawBody?: string | Uint8Array | undefined;
}

/** Answers a provider. */
export type ReceiptsHandler = (request: Request, info?: ReceiptInfo) => Promise<Response>;

/** Bytes of a receipt. WhatsApp tells of many messages at once. */
const largestBody = 262_144;

/** Receipts of one call that are looked at. */
const mostAtOnce = 1_000;

const eaten =
  "Something in front of this has read the body, and a signature is of its bytes: mount this before any body parser, or hand it rawBody";

/**
 * Answers providers that tell what became of messages. Each has to sign what it sends, or to know the secret that is the last part of the
 * path; a provider that is not named has no path here.
 *
 * @throws StartError for a secret of fewer than 32 bytes
 */
export function createReceiptsHandler(options: ReceiptsOptions): ReceiptsHandler {
  const { receive, path = receiptsPath, secret, onNotice: tell = () => {} } = options;
  const [signed, bySecret, challenges] = [options.signed, options.bySecret, options.challenges].map(toOwn) as [
    ByProvider<ReadReceipts | undefined>,
    ByProvider<ReadReceipts | undefined>,
    ByProvider<((query: URLSearchParams) => string | null) | undefined>,
  ];
  if (secret !== undefined && Buffer.byteLength(secret) < 32)
    throw new StartError("The secret of receipts is shorter than 32 bytes");
  let isTold = false;

  function findReader(pathname: string): { readonly provider: string; readonly read: ReadReceipts | undefined } {
    const [provider = "", given, ...rest] = pathname.slice(path.length + 1).split("/");
    if (given === undefined) return { provider, read: signed[provider] };
    const isMeant = isEqual(given, secret) && rest.length === 0;
    return { provider, read: isMeant ? bySecret[provider] : undefined };
  }

  function refuseEaten(): Response {
    if (!isTold) tell(eaten, {});
    isTold = true;
    return refuse("INTERNAL_SERVER_ERROR", eaten);
  }

  /** While the database is away the provider is told to come again. */
  async function receiveAll(receipts: readonly DeliveryReceipt[]): Promise<Response> {
    try {
      for (const receipt of receipts) await receive(receipt);
      return new Response(null, { status: 204 });
    } catch (error) {
      if (isStorageUnavailable(error)) return refuseFailure(error);
      throw error;
    }
  }

  return async (request, { rawBody } = {}) => {
    const { pathname, searchParams } = new URL(request.url);
    const { provider, read } = findReader(pathname);
    if (!pathname.startsWith(`${path}/`) || !read) return refuse("NOT_FOUND");
    const challenge = challenges[provider];
    if (challenge && request.method === "GET") return answerChallenge(challenge(searchParams));
    if (request.method !== "POST") return refuseMethod("POST");
    const body = rawBody === undefined ? await readBody(request) : toText(rawBody);
    if (body === "eaten") return refuseEaten();
    if (typeof body !== "string" && "refusal" in body) return body.refusal;
    const receipts = read({ body: body.text, header: (name) => request.headers.get(name) });
    if (!receipts) return refuse("FORBIDDEN", "The receipt is not signed by the provider");
    return receiveAll(receipts.slice(0, mostAtOnce));
  };
}

type ReadBody = { readonly text: string } | { readonly refusal: Response } | "eaten";

const tooLarge = () => ({ refusal: refuse("PAYLOAD_TOO_LARGE", "The receipt is too large") });

function toText(rawBody: string | Uint8Array): ReadBody {
  const bytes = Buffer.from(rawBody as Uint8Array);
  return bytes.length > largestBody ? tooLarge() : { text: bytes.toString() };
}

/** A body parser in front leaves an empty stream, or none that can be read. */
async function readBody(request: Request): Promise<ReadBody> {
  if (request.bodyUsed) return "eaten";
  const limited = await limitBody(request, largestBody);
  if (limited === "too large") return tooLarge();
  if (limited === "cut off") return { refusal: refuse("BAD_REQUEST", "The request ended early") };
  const text = await limited.text().catch(() => "");
  return text === "" && announcesBody(request) ? "eaten" : { text };
}

const announcesBody = ({ headers }: Request): boolean =>
  Number(headers.get("content-length") ?? 0) > 0 || headers.has("transfer-encoding");

function answerChallenge(answer: string | null): Response {
  if (answer === null) return refuse("FORBIDDEN", "The token is not the one that is expected here");
  return new Response(answer, { headers: { "content-type": "text/plain; charset=utf-8" } });
}

/** Without what every object has by its prototype: names come from the address. */
const toOwn = (named: object = {}): object => Object.assign(Object.create(null), named);

const digest = (text: string) => createHash("sha256").update(text).digest();

/** In a time that tells nothing of the secret; nothing is equal to one that is not set. */
function isEqual(given: string, secret: string | undefined): boolean {
  return timingSafeEqual(digest(given), digest(secret ?? "")) && secret !== undefined;
}
