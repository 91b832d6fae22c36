import { expect, test } from "vitest";
import { findObstacle } from "./connection-settings.ts";

const server = { version: 120022, database: "latchkey", encoding: "UTF8", readOnly: "off", isStandby: false };

test("a server that can be used has no obstacle, from version 12 on", () => {
  expect(findObstacle(server)).toBeNull();
  expect(findObstacle({ ...server, version: 190000 })).toBeNull();
});

test.each([
  [{ version: 110022 }, "PostgreSQL 11 is too old: 12 or later is needed"],
  [{ version: 90624 }, "PostgreSQL 9 is too old: 12 or later is needed"],
  [{ encoding: "LATIN5" }, /encoding LATIN5/],
  [{ isStandby: true }, /standby/],
  [{ readOnly: "on" }, /read-only/],
])("a server with %j is refused in one line", (found, line) => {
  const obstacle = findObstacle({ ...server, ...found }) ?? "";
  expect(obstacle).toMatch(line);
  expect(obstacle).not.toContain("\n");
});
