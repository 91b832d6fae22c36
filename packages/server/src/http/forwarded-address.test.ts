import { expect, test } from "vitest";
import { createForwardedAddressReader, forwardedHeaders } from "./forwarded-address.ts";

const secret = "a-secret-of-43-characters-as-it-should-be-xx";
const next = "another-secret-while-the-first-is-replaced";

function read(given: { address?: string; secret?: string }, secrets = [secret, next]) {
  let refused = 0;
  const reader = createForwardedAddressReader({
    secrets,
    onRefused: () => {
      refused += 1;
    },
  });
  const header = (name: string) =>
    ({ [forwardedHeaders.address]: given.address, [forwardedHeaders.secret]: given.secret })[name];
  return { address: reader(header), again: reader(header), refused };
}

test.each(["", "x", secret.slice(1), `${secret} `, `${secret}, ${secret}`, `${secret},${next}`, undefined])(
  "an address beside the secret %j counts for nothing, and is told of once",
  (wrong) => {
    const given = { address: "203.0.113.9", ...(wrong !== undefined && { secret: wrong }) };
    expect(read(given)).toEqual({ address: null, again: null, refused: 1 });
  },
);

test("without a setting nobody is believed, not even without a secret", () => {
  expect(read({ address: "203.0.113.9", secret: "" }, []).address).toBeNull();
  expect(read({ address: "203.0.113.9" }, []).address).toBeNull();
});

test.each(["", "localhost", "203.0.113.9, 198.51.100.1", "203.0.113.9:80", "1.2.3", "203.0.113.999", " 203.0.113.9"])(
  "%j is no address, whoever says so",
  (address) => {
    expect(read({ address, secret })).toEqual({ address: null, again: null, refused: 0 });
  },
);

test.each([secret, next])("each secret of the setting is enough", (good) => {
  expect(read({ address: "203.0.113.9", secret: good })).toEqual({
    address: "203.0.113.9",
    again: "203.0.113.9",
    refused: 0,
  });
  expect(read({ address: "2001:db8::1", secret: good }).address).toBe("2001:db8::1");
});

test("a request that names no address is an ordinary one", () => {
  expect(read({ secret: "wrong" })).toEqual({ address: null, again: null, refused: 0 });
});
