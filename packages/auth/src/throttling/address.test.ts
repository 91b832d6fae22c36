import fc from "fast-check";
import { expect, test } from "vitest";
import { toNetwork } from "./address.ts";

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::1", "2001:db8:1:2"],
  ["2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["::", "0:0:0:0"],
  ["1::", "1:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["64:ff9b:1:2:3::192.0.2.1", "64:ff9b:1:2"],
  [null, ""],
])("%s stands for %s", (address, network) => {
  expect(toNetwork(address)).toBe(network);
});

const group = fc.integer({ min: 0, max: 0xffff });

test("whatever its last 64 bits are, and however it is written, an IPv6 address stands for its /64", () => {
  const groups = fc.array(group, { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(groups, groups, (front, back) => {
      const written = [...front, ...back].map((part) => part.toString(16)).join(":");
      const { hostname } = new URL(`http://[${written}]`);
      const network = front.map((part) => part.toString(16)).join(":");
      expect([toNetwork(written), toNetwork(hostname.slice(1, -1))]).toEqual([network, network]);
    }),
  );
});
