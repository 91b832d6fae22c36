import { connect } from "node:net";

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Milliseconds after which a connection that neither side closes fails the test. */
const timeLimit = 10_000;

export interface RawOptions {
  /** Hang up after so many answers; otherwise the last request should say `Connection: close`. */
  readonly answers?: number;
  /** Say at once that nothing more will come. */
  readonly halfClose?: boolean;
}

/**
 * Writes bytes to the service exactly as they are, and answers what comes back until either side hangs up.
 *
 * @example
 * const [answer] = await sendRaw(url, "TRACE /trpc/me.get HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
 */
export async function sendRaw(url: string, bytes: string | Uint8Array, options: RawOptions = {}): Promise<RawAnswer[]> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let received = Buffer.alloc(0);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.setTimeout(timeLimit, () => reject(new Error("The connection stayed open")));
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (parseAnswers(received).length >= (options.answers ?? Number.POSITIVE_INFINITY)) resolve();
  });
  // A server that has seen enough resets the connection while bytes are still under way to it; what it said before counts.
  socket.on("error", (error: NodeJS.ErrnoException) =>
    error.code === "ECONNRESET" || error.code === "EPIPE" ? resolve() : reject(error),
  );
  socket.on("end", resolve);
  socket.write(bytes);
  if (options.halfClose) socket.end();
  await promise.finally(() => socket.destroy());
  return parseAnswers(received);
}

/** The answers that are complete; interim ones (1xx) are left out. */
function parseAnswers(bytes: Buffer): RawAnswer[] {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return [];
  const [statusLine = "", ...lines] = bytes.subarray(0, end).toString().split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
  const rest = bytes.subarray(end + 4);
  if (status < 200) return parseAnswers(rest);
  const headers = new Headers(lines.map(parseHeader));
  if (headers.get("transfer-encoding") === "chunked") {
    const read = readChunks(rest);
    return read ? [{ status, headers, body: read.body.toString() }, ...parseAnswers(read.rest)] : [];
  }
  const length = Number(headers.get("content-length") ?? (status === 204 ? 0 : rest.length));
  if (rest.length < length) return [];
  const body = rest.subarray(0, length);
  return [{ status, headers, body: body.toString() }, ...parseAnswers(rest.subarray(length))];
}

/** A body in chunks (RFC 9112 §7.1) and what comes after it; null while it is not complete. */
function readChunks(bytes: Buffer): { readonly body: Buffer; readonly rest: Buffer } | null {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.subarray(at, line).toString(), 16);
    const start = line + 2;
    if (line < 0 || bytes.length < start + size + 2) return null;
    at = start + size + 2;
    if (size === 0) return { body: Buffer.concat(chunks), rest: bytes.subarray(at) };
    chunks.push(bytes.subarray(start, start + size));
  }
}

function parseHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
