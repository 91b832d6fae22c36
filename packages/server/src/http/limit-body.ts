/** A request whose body is known to be small enough, or why it is refused. */
export type LimitedRequest = Request | "too large" | "cut off";

/**
 * Lets no body through that is larger than a number of bytes. A length that is announced is believed, since the HTTP server reads no
 * further; without one the bytes are counted as they come.
 */
export async function limitBody(request: Request, maximum: number): Promise<LimitedRequest> {
  const { headers } = request;
  const length = headers.get("content-length");
  if (length !== null && !headers.has("transfer-encoding"))
    return Number.parseInt(length, 10) > maximum ? "too large" : request;
  if (!request.body) return request;
  const body = await readBody(request.body, maximum);
  return typeof body === "string" ? body : new Request(request.url, { method: request.method, headers, body });
}

async function readBody(
  stream: ReadableStream<Uint8Array>,
  maximum: number,
): Promise<Uint8Array<ArrayBuffer> | "too large" | "cut off"> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.length;
      if (size > maximum) return "too large";
      chunks.push(next.value);
    }
  } catch {
    return "cut off";
  }
  return Uint8Array.from(Buffer.concat(chunks));
}
