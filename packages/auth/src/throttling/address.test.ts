import fc from "fast-check";
import { expect, test } from "vitest";
import { toNetwork, toPlainAddress } from "./address.ts";

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
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:C000:0201", "192.0.2.1"],
  ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
  ["0000:0000:0000:0000:0000:ffff:c000:0201", "192.0.2.1"],
  ["::ffff:0.0.0.0", "0.0.0.0"],
  ["::ffff:0:192.0.2.1", "192.0.2.1"],
  ["64:ff9b::c000:201", "192.0.2.1"],
  ["64:ff9b::192.0.2.1", "192.0.2.1"],
  ["::192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1%eth0", "192.0.2.1"],
])("%s stands for %s", (address, network) => {
  expect(toNetwork(address)).toBe(network);
});

test.each([null, ""])("%j is nobody's network, and so is shared by nobody", (address) => {
  expect(toNetwork(address)).toBeNull();
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

test("an IPv6 address has one spelling, however it is written", () => {
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const long = groups.map((part) => part.toString(16).padStart(4, "0")).join(":");
      const { hostname } = new URL(`http://[${long}]`);
      const short = hostname.slice(1, -1);
      fc.pre(toPlainAddress(long).includes(":"));
      const spellings = [long, long.toUpperCase(), groups.map((part) => part.toString(16)).join(":"), `${short}%eth0`];
      expect(new Set([...spellings, short].map(toPlainAddress))).toEqual(new Set([short]));
    }),
  );
});

test("an IPv4 address is itself in every spelling that IPv6 has for it", () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(fc.tuple(fc.integer({ min: 1, max: 255 }), byte, byte, byte), (bytes) => {
      const dotted = bytes.join(".");
      const [a, b, c, d] = bytes;
      const groups = [a * 256 + b, c * 256 + d];
      const short = groups.map((value) => value.toString(16)).join(":");
      const long = groups.map((value) => value.toString(16).padStart(4, "0").toUpperCase()).join(":");
      const spellings = ["::ffff:", "0:0:0:0:0:FFFF:", "0::ffff:", "64:ff9b::", "::"].flatMap((prefix) =>
        [dotted, short, long].map((rest) => prefix + rest),
      );
      expect(new Set(spellings.map(toPlainAddress))).toEqual(new Set([dotted]));
    }),
  );
});
