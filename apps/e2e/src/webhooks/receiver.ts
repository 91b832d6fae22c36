import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request as it came. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: { readonly type: string; readonly timestamp: string; readonly data: { readonly userId: string } };
}

export type AnswerWebhook = (response: ServerResponse, received: Received) => void;

/** A program that is told, on a port of its own. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  /** What it took, in order. */
  readonly taken: readonly Received[];
  /** Everything that came, taken or not. */
  readonly received: readonly Received[];
  /** How it answers from now on. */
  answer: AnswerWebhook;
  /** Begins anew with what came. */
  forget(): void;
}

export const take: AnswerWebhook = (response) => void response.writeHead(204).end();

export const refuse =
  (status: number): AnswerWebhook =>
  (response) =>
    void response.writeHead(status).end("no");

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const taken: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const one: Received = { headers: request.headers, body, event: JSON.parse(body) };
    received.push(one);
    receiver.answer(response, one);
    if (response.statusCode < 300 && response.writableEnded) taken.push(one);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hooks`,
    taken,
    received,
    answer: take,
    forget() {
      received.length = 0;
      taken.length = 0;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
