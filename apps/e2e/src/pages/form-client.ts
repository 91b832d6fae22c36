/** A browser as far as forms and cookies go, so that hostile requests can be made of every part. */
export interface FormClient {
  readonly cookies: ReadonlyMap<string, string>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Sends a form as a page of the service does, but for what is said otherwise; null takes a header away. */
  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string | null>>,
  ): Promise<Response>;
}

/** @param base below what the pages are, such as `/auth` */
export function createFormClient(url: string, base = ""): FormClient {
  const cookies = new Map<string, string>();
  const send = async (path: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    // Those for `/cookie` go there alone, as browsers have it.
    const sent = [...cookies].filter(([name]) => /access|step|language/.test(name) || path.startsWith("/cookie"));
    if (sent.length > 0) headers.set("cookie", sent.map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await fetch(url + base + path, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "" || line.includes("Max-Age=0")) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return {
    cookies,
    get: (path, headers = {}) => send(path, { headers }),
    post(path, fields, headers = {}) {
      const all = {
        "content-type": "application/x-www-form-urlencoded",
        origin: url,
        "sec-fetch-site": "same-origin",
        ...headers,
      };
      const given = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
      return send(path, {
        method: "POST",
        headers: new Headers(given.map((pair): [string, string] => [...pair])),
        body: String(new URLSearchParams(fields)),
      });
    },
  };
}
