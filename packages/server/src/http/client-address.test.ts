import { expect, test } from "vitest";
import { createAddressReader, isTrustedProxy } from "./client-address.ts";

const readAddress = createAddressReader(["10.0.0.0/8", "192.0.2.80", "fd00::/8", "2001:db8::53"]);

test.each([
  ["a stranger's own claim is not believed", "198.51.100.1", "203.0.113.9", "198.51.100.1"],
  ["a stranger cannot pretend to come from a proxy", "198.51.100.1", "203.0.113.9, 10.0.0.7", "198.51.100.1"],
  ["one proxy tells whom it was called by", "10.0.0.7", "203.0.113.9", "203.0.113.9"],
  [
    "what the client wrote itself stands before that and is not believed",
    "10.0.0.7",
    "1.2.3.4, 203.0.113.9",
    "203.0.113.9",
  ],
  [
    "a chain of proxies is followed to the first stranger",
    "10.0.0.7",
    "1.2.3.4, 203.0.113.9, 192.0.2.80, 10.9.9.9",
    "203.0.113.9",
  ],
  ["a chain of nothing but proxies ends at its beginning", "10.0.0.7", "10.0.0.8, 10.0.0.9", "10.0.0.8"],
  ["a proxy that says nothing is the client", "10.0.0.7", undefined, "10.0.0.7"],
  ["an empty header says nothing", "10.0.0.7", "", "10.0.0.7"],
  ["what is no address ends the chain", "10.0.0.7", "203.0.113.9, unknown", "10.0.0.7"],
  ["nor is a name one", "10.0.0.7", "203.0.113.9, localhost, 10.0.0.8", "10.0.0.8"],
  ["a port that a proxy writes is left out", "10.0.0.7", "203.0.113.9:4711", "203.0.113.9"],
  ["IPv6 works alike", "fd00::7", "2001:db8::1, 2001:db8::53", "2001:db8::1"],
  ["and has one spelling, whichever the proxy writes", "fd00::7", "2001:0DB8:0:0::0001", "2001:db8::1"],
  ["in brackets and with a port as well", "fd00::7", "[2001:db8::1]:4711", "2001:db8::1"],
  ["an IPv4 address inside an IPv6 one is itself", "::ffff:10.0.0.7", "::ffff:203.0.113.9", "203.0.113.9"],
  ["and so it is in groups of hexadecimal digits", "10.0.0.7", "::ffff:102:304", "1.2.3.4"],
  ["and at full length", "10.0.0.7", "0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"],
  ["and with every zero", "10.0.0.7", "[0000:0000:0000:0000:0000:FFFF:0102:0304]:4711", "1.2.3.4"],
  ["and through a translator", "10.0.0.7", "64:ff9b::102:304", "1.2.3.4"],
  ["a proxy is one in every spelling", "0:0:0:0:0:ffff:a00:7", "1.2.3.4, 203.0.113.9, ::ffff:a09:909", "203.0.113.9"],
  ["without an address there is none", undefined, "203.0.113.9", null],
])("%s", (_title, socket, header, address) => {
  expect(readAddress(socket, header)).toBe(address);
});

test("a trusted network of IPv4 addresses may be written as IPv6", () => {
  const read = createAddressReader(["::ffff:10.0.0.0/104", "::ffff:c000:250"]);
  expect(read("10.200.0.1", "203.0.113.9, 192.0.2.80")).toBe("203.0.113.9");
  expect(read("11.0.0.1", "203.0.113.9")).toBe("11.0.0.1");
});

test("with no proxy trusted, which is the default, the socket's address is all that counts", () => {
  expect(createAddressReader([])("127.0.0.1", "203.0.113.9")).toBe("127.0.0.1");
});

test.each(["10.0.0.7", "10.0.0.0/8", "192.0.2.80/32", "::1", "fd00::/8"])("%s can be trusted", (proxy) => {
  expect(isTrustedProxy(proxy)).toBe(true);
});

test.each([
  "0.0.0.0/0",
  "::/0",
  "::ffff:0.0.0.0/96",
  "10.0.0.0/33",
  "10.0.0.0/",
  "10.0.0.0/8/8",
  "10.0.0.0/-1",
  "10.0.0",
  "proxy.example",
  "*",
  "",
])("%j cannot", (proxy) => {
  expect(isTrustedProxy(proxy)).toBe(false);
});
