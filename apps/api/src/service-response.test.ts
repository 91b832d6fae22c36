import { createServer, type RequestListener } from "node:http";
import { expect, test } from "vitest";
import { listen, toUrl } from "./server.ts";
import { ServiceResponse } from "./service-response.ts";

/** The headers of an answer, as they came over a connection. */
async function readHeaders(answer: RequestListener<never, typeof ServiceResponse>): Promise<Headers> {
  const server = createServer({ ServerResponse: ServiceResponse }, answer as RequestListener);
  await listen(server, "127.0.0.1", 0);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("There is no address");
  try {
    return (await fetch(toUrl(address))).headers;
  } finally {
    server.close();
  }
}

const own = "no-store";

test.each([
  ["an object", { "x-frame-options": "DENY", "Cache-Control": own }],
  ["names and values by turns", ["x-frame-options", "DENY", "Cache-Control", own]],
])("what an answer says itself counts, once and in any spelling: %s", async (_, headers) => {
  const answered = await readHeaders((_request, response) => {
    response.requestId = "1";
    response.writeHead(200, headers).end("text");
  });

  expect(answered.get("x-frame-options")).toBe("DENY");
  expect(answered.get("cache-control")).toBe(own);
  expect(answered.get("x-request-id")).toBe("1");
  expect(answered.get("x-content-type-options")).toBe("nosniff");
});

test("every answer has them, whoever writes it, and an id where its request has one", async () => {
  const implicit = await readHeaders((_request, response) => {
    response.requestId = "2";
    response.setHeader("Connection", "close").end();
  });
  const plain = await readHeaders((_request, response) => void response.writeHead(200, "Fine").end());

  expect(implicit.get("x-request-id")).toBe("2");
  expect(implicit.get("x-frame-options")).toBe("SAMEORIGIN");
  expect(plain.get("x-request-id")).toBe(null);
  expect(plain.get("x-frame-options")).toBe("SAMEORIGIN");
});
