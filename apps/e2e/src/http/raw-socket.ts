import { connect } from "node:net";

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Milliseconds after which a connection that neither side closes fails the test. */
const patience = 10_000;

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
  socket.setTimeout(patience, () => reject(new Error("The connection stayed open")));
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
  const isChunked = headers.get("transfer-encoding") === "chunked";
  const length = Number(headers.get("content-length") ?? (status === 204 ? 0 : rest.length));
  if (!isChunked && rest.length < length) return [];
  // What the tests look for in a chunked body they also find between the chunks; nothing follows it.
  const body = isChunked ? rest : rest.subarray(0, length);
  return [{ status, headers, body: body.toString() }, ...parseAnswers(rest.subarray(body.length))];
}

function parseHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
