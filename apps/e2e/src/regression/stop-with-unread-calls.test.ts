import { once } from "node:events";
import { connect } from "node:net";
import { createLog } from "@latchkey/api/log";
import { startServer } from "@latchkey/api/server";
import { createTestAuth } from "@latchkey/auth/testing";
import { expect, test } from "vitest";

const ask = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

// Node took a connection for idle, and cut it, as long as it had not read the next call on it.
test("a call that has come on an open connection, and waits to be read when the service stops, is answered", async () => {
  await using live = await createTestAuth();
  const server = await startServer({ auth: live.auth, log: createLog("silent"), host: "127.0.0.1", port: 0 });
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1").setEncoding("utf8");
  socket.write(ask);
  await once(socket, "data");

  let answer = "";
  socket.on("data", (text: string) => {
    answer += text;
  });
  const cut = once(socket, "close");
  socket.write(ask);
  await server.close();
  await cut;
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\{"status":"ok"\}$/);
  expect(answer.toLowerCase()).toContain("\r\nconnection: close\r\n");
});
