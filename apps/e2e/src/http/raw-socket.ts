import { connect } from "node:net";

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Milliseconds after which a connection that neither side closes is a failure of the test. */
const patience = 10_000;

/**
 * Writes bytes to the service exactly as they are, and answers all that comes back until it closes the connection. The last
 * request should say `Connection: close`.
 *
 * @example
 * const [answer] = await sendRaw(url, "TRACE /trpc/me.get HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
 */
export async function sendRaw(
  url: string,
  bytes: string | Uint8Array,
  { halfClose = false }: { halfClose?: boolean } = {},
): Promise<RawAnswer[]> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const received: Buffer[] = [];
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.setTimeout(patience, () => socket.destroy(new Error("The connection stayed open")));
  socket.on("data", (chunk) => received.push(chunk));
  // A server that has seen enough resets the connection while bytes are still under way to it; what it said counts.
  socket.on("error", (error) => (/ECONNRESET|EPIPE/.test(String(error)) ? undefined : reject(error)));
  socket.on("end", () => socket.destroy());
  socket.on("close", () => resolve(Buffer.concat(received)));
  socket.write(bytes);
  if (halfClose) socket.end();
  return parseAnswers(await promise);
}

function parseAnswers(bytes: Buffer): RawAnswer[] {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return [];
  const [statusLine = "", ...lines] = bytes.subarray(0, end).toString().split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
  const rest = bytes.subarray(end + 4);
  if (status < 200) return parseAnswers(rest);
  const headers = new Headers(lines.map((line): [string, string] => [line.split(": ", 1)[0] ?? "", line.replace(/^.*?: /, "")]));
  const length = Number(headers.get("content-length") ?? rest.length);
  const body = rest.subarray(0, length).toString();
  return [{ status, headers, body }, ...parseAnswers(rest.subarray(length))];
}
