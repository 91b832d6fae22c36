import { expect, test } from "vitest";
import { findList } from "./json-list.ts";

/** What is found in a text that comes in pieces of so many characters. */
async function find(text: string, size: number): Promise<string> {
  async function* cut() {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  let found = "";
  for await (const piece of findList(cut(), "users", "realm.json")) found += piece;
  return found;
}

const people = '[{"id":"1","users":["x"],"note":"]}\\"[{"},{"id":"2"}]';

test.each([
  [
    "behind other members",
    `{"realm":"users","roles":{"users":[{"id":"no"}]},"list":["users",[1]],"users" : ${people},"z":{}}`,
  ],
  ["in front of others", `\ufeff{"users":${people},"clients":[{"users":[{"id":"no"}]}],"text":"\\"users\\":[{}]"}`],
  ["as the file itself", people],
])("the list is found %s, however the file is cut", async (_where, text) => {
  for (const size of [1, 2, 3, 7, 1_000]) expect(await find(text, size), `pieces of ${size}`).toBe(people);
});

test.each([
  ['{"people":[]}', /has no list "users"/],
  ['{"users":{"id":"1"}}', /has no list "users"/],
  [`{"users":${people}`, /breaks off/],
  ['{"users":[{"id":"1"', /breaks off/],
  ["", /breaks off/],
])("%s is refused in one line", async (text, told) => {
  await expect(find(text, 3)).rejects.toThrow(told);
});
