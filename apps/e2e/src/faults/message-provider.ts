import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A message with a code, as a provider of a team's own is handed it. */
export interface HandedMessage {
  readonly id: string;
  readonly to: string;
  readonly code: string;
}

/** What becomes of a provider. */
export type ProviderFault =
  /** Nothing listens at its address. */
  | "is away"
  /** It takes requests and does not answer them. */
  | "is silent"
  /** It answers what is no HTTP. */
  | "answers nonsense";

/** The provider that `MESSAGES=webhook` calls, to which everything can happen. */
export interface MessageProvider extends AsyncDisposable {
  readonly url: string;
  /** Everything that it was handed with a code, in order, whatever it answered. */
  readonly handed: readonly HandedMessage[];
  /** How many requests it has answered so that they count. */
  answered(): number;
  break(fault: ProviderFault): Promise<void>;
  mend(): Promise<void>;
  /** The codes that it was handed for a number, in order. */
  codesFor(to: string): readonly string[];
}

export async function startMessageProvider(): Promise<MessageProvider> {
  const handed: HandedMessage[] = [];
  const held: ServerResponse[] = [];
  let fault: ProviderFault | null = null;
  let answered = 0;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { type, data } = JSON.parse(body);
    if (type === "message.requested") handed.push(data);
    if (fault === "is silent") return held.push(response);
    if (fault === "answers nonsense") return response.socket?.end("\0 busy, come back later \r\n");
    answered += 1;
    return response.end("{}");
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    handed,
    answered: () => answered,
    async break(next) {
      fault = next;
      if (next === "is away") await close();
    },
    async mend() {
      if (fault === "is away") await listen(server, port);
      fault = null;
      for (const response of held.splice(0)) response.writeHead(503).end();
    },
    codesFor: (to) => handed.filter((message) => message.to === to).map(({ code }) => code),
    [Symbol.asyncDispose]: close,
  };
}

const listen = (server: Server, port: number) =>
  new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
