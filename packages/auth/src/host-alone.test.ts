import { expect, test } from "vitest";
import { withHostAlone } from "./host-alone.ts";

test.each([
  ["https://logs.example.com", "https://logs.example.com"],
  ["https://logs.example.com/", "https://logs.example.com/"],
  ["https://logs.example.com/hunter2", "https://logs.example.com/…"],
  ["https://logs.example.com?key=hunter2", "https://logs.example.com/…"],
  ["https://logs.example.com#hunter2", "https://logs.example.com/…"],
  ["https://logs.example.com\\hunter2", "https://logs.example.com/…"],
  ["https://logs.example.com/hunt er2", "https://logs.example.com/…"],
  ["https://hunter2@logs.example.com:8443", "https://logs.example.com:8443/"],
  ["syslog+tls://user:hunter2@logs.example.com:6514/x", "syslog+tls://logs.example.com:6514/…"],
  ["https https://user:hunter2@logs.example.com/in/hunter2", "https https://logs.example.com/…"],
  ["to https://a.example/hunter2, then HTTPS://b.example/?hunter2", "to https://a.example/… then https://b.example/…"],
  ["a name", "a name"],
  ["", ""],
])("%j is shown as %j", (text, shown) => {
  expect(withHostAlone(text)).toBe(shown);
});
