export interface FetchJsonOptions extends Pick<RequestInit, "method" | "headers" | "body"> {
  /** Seconds, to the last byte of the answer. */
  readonly timeout: number;
  /** Bytes of an answer that are read. */
  readonly longestAnswer: number;
}

/** Fetches JSON from another service: within a time, up to a size, and never from where a redirect leads. Throws whatever goes wrong. */
export async function fetchJson(
  url: URL,
  { timeout, longestAnswer, headers, ...request }: FetchJsonOptions,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const signal = AbortSignal.timeout(timeout * 1000);
  const accepting = { accept: "application/json", ...headers };
  const response = await fetch(url, { ...request, signal, redirect: "manual", headers: accepting });
  return { status: response.status, body: JSON.parse(await readText(response, longestAnswer)) };
}

async function readText({ body }: Response, longest: number): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = body?.getReader();
  let length = 0;
  let text = "";
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    length += part.value.byteLength;
    if (length > longest) {
      await reader?.cancel();
      throw new Error(`The answer is longer than ${longest} bytes`);
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}
