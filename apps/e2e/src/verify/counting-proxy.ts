import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A way to the service that counts what goes through it, and that can be closed. */
export interface CountingProxy extends AsyncDisposable {
  readonly url: string;
  /** The paths of the requests so far. */
  readonly paths: readonly string[];
  /** From now on requests wait until this is called again with false. */
  hold(isHeld: boolean): void;
  /** What every request is answered with from now on, instead of by the service; null: by the service. */
  answerWith(answer: { readonly status: number; readonly body: string } | null): void;
  /** Breaks the connections of so many requests that come next. */
  breakNext(requests: number): void;
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
}

export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const paths: string[] = [];
  let held: (() => void)[] | null = null;
  let breaking = 0;
  let fixed: { readonly status: number; readonly body: string } | null = null;
  const server = createServer(async (request, response) => {
    const { url = "", method = "GET", headers } = request;
    paths.push(url.split("?")[0] ?? "");
    const body = await text(request);
    if (breaking-- > 0) return response.destroy();
    if (held) await new Promise<void>((resolve) => held?.push(resolve));
    if (fixed) return response.writeHead(fixed.status, { "content-type": "application/json" }).end(fixed.body);
    const { authorization, "content-type": type } = headers;
    const passed = { ...(authorization && { authorization }), ...(type && { "content-type": type }) };
    const answer = await fetch(`${target}${url}`, { method, headers: passed, ...(method === "POST" && { body }) });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  const listen = async (port: number) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    paths,
    hold(isHeld) {
      const waiting = held ?? [];
      held = isHeld ? waiting : null;
      if (!isHeld) for (const goOn of waiting) goOn();
    },
    answerWith(answer) {
      fixed = answer;
    },
    breakNext(requests) {
      breaking = requests;
    },
    goDown: close,
    comeBack: () => listen(port),
    [Symbol.asyncDispose]: async () => {
      if (server.listening) await close();
    },
  };
}
