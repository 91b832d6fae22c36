export interface FetchJsonOptions extends Pick<RequestInit, "method" | "headers" | "body"> {
  /** Seconds, to the last byte of the answer. */
  readonly timeout: number;
  /** Bytes of an answer that are read. */
  readonly longestAnswer: number;
}

/** What another service answered. */
export interface FetchedText {
  readonly status: number;
  readonly text: string;
  /** Where a redirect leads, which is never followed. */
  readonly location: string | null;
}

/** Asks another service: within a time, up to a size, and never where a redirect leads. Throws whatever goes wrong. */
export async function fetchText(
  url: URL,
  { timeout, longestAnswer, headers, ...request }: FetchJsonOptions,
): Promise<FetchedText> {
  const signal = AbortSignal.timeout(timeout * 1000);
  const accepting = { accept: "application/json", ...headers };
  // Frameworks keep answers unless told otherwise, and a key that was withdrawn would be believed for as long.
  const given = { signal, redirect: "manual", cache: "no-store", headers: accepting } as const;
  const response = await fetch(url, { ...request, ...given });
  const { status, headers: answered } = response;
  return { status, text: await readText(response, longestAnswer), location: answered.get("location") };
}

/** The same, of a service that answers JSON. */
export async function fetchJson(
  url: URL,
  options: FetchJsonOptions,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { status, text } = await fetchText(url, options);
  return { status, body: JSON.parse(text) };
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
