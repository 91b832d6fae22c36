import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Milliseconds between two questions whether a process takes work. */
const interval = 100;

/** A small balancer of TCP: each connection goes to the next process that said it is ready. It repeats nothing. */
export interface Balancer extends AsyncDisposable {
  readonly url: string;
  /** Whether the process behind this port was ready when it was last asked. */
  isReady(port: number): boolean;
}

export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const ready = new Set<number>();
  const ask = async (port: number) => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { headers: { connection: "close" } }).catch(
      () => null,
    );
    if (answer?.ok) ready.add(port);
    else ready.delete(port);
  };
  const timer = setInterval(() => void Promise.all(ports.map(ask)), interval);
  let turn = 0;
  const server = createServer((client) => {
    const [first, ...more] = [...ready];
    const port = [first, ...more][turn++ % (more.length + 1)];
    if (port === undefined) client.destroy();
    else join(client, connect(port, "127.0.0.1"));
  });
  await Promise.all(ports.map(ask));
  const url = await listen(server);
  return {
    url,
    isReady: (port) => ready.has(port),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function join(client: Socket, upstream: Socket): void {
  for (const [here, there] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    here.on("error", () => there.destroy());
    here.pipe(there);
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
