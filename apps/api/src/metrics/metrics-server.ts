import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { listen, toUrl } from "../server.ts";
import type { Metrics } from "./metrics.ts";

export interface MetricsServer {
  readonly url: string;
  close(): void;
}

/**
 * Answers `GET /metrics` at an address of its own, which callers of the service do not reach.
 *
 * @throws StartError when it cannot listen
 */
export async function serveMetrics(
  metrics: Pick<Metrics, "render">,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  const server = createServer({ maxHeaderSize: 8_192, requestTimeout: 5_000 }, async (request, response) => {
    const isKnown = request.url === "/metrics" && (request.method === "GET" || request.method === "HEAD");
    if (!isKnown) return response.writeHead(404).end();
    const text = await metrics.render().catch(() => null);
    if (text === null) return response.writeHead(500).end();
    return response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
  });
  await listen(server, host, port, "METRICS_PORT");
  // It never keeps a process that is to end.
  server.unref();
  return {
    url: `${toUrl(server.address() as AddressInfo)}/metrics`,
    close: () => void server.close().closeAllConnections(),
  };
}
