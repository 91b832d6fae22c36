import { describe, expect, test } from "vitest";
import { hmacSha256 } from "../secrets.ts";
import { createDeviceToken, knownSince, readDeviceToken } from "./device-token.ts";

const key = Buffer.alloc(32, 7);
const owner = { id: "01900000-0000-7000-8000-000000000001", deviceEpoch: 0 };
const now = new Date("2026-03-01T12:00:00Z");

describe("the mark of a device", () => {
  test("is read back for its owner, with the date since when it is known, also after it was renewed", () => {
    const { id, mark } = createDeviceToken(key, owner, null, now);
    expect(mark).toMatch(/^[\w-]{43}$/);
    expect(readDeviceToken([key], owner, mark)).toBe(id);
    expect(knownSince(id)).toEqual(now);
    const renewed = createDeviceToken(key, owner, id, new Date("2026-04-01"));
    expect(renewed).toEqual({ id, mark });
  });

  test("is nobody else's, and of no other epoch", () => {
    const { mark } = createDeviceToken(key, owner, null, now);
    for (const other of [
      { ...owner, id: "01900000-0000-7000-8000-000000000002" },
      { ...owner, deviceEpoch: 1 },
    ])
      expect(readDeviceToken([key], other, mark)).toBeNull();
    const next = createDeviceToken(key, { ...owner, deviceEpoch: 11 }, null, now);
    expect(readDeviceToken([key], { ...owner, deviceEpoch: 1 }, next.mark)).toBeNull();
  });

  test("of before stays good until the devices are forgotten, and cannot be dated by whoever has it", () => {
    const bytes = Buffer.alloc(16, 200);
    const old = Buffer.concat([bytes, hmacSha256(key, owner.id, "\0", bytes).subarray(0, 16)]).toString("base64url");
    const id = readDeviceToken([key], owner, old) ?? "";
    expect(knownSince(id)).toEqual(new Date(0));
    expect(readDeviceToken([key], owner, createDeviceToken(key, owner, id, now).mark)).toBe(id);
    expect(readDeviceToken([key], { ...owner, deviceEpoch: 1 }, old)).toBeNull();
  });

  test("that was changed is none", () => {
    const { mark } = createDeviceToken(key, owner, null, now);
    for (let at = 0; at < mark.length - 1; at += 1) {
      const changed = `${mark.slice(0, at)}${mark[at] === "A" ? "B" : "A"}${mark.slice(at + 1)}`;
      expect(readDeviceToken([key], owner, changed)).toBeNull();
    }
  });
});
