import { describe, expect, it } from "vitest";
import { coreModels, listPermissionsOf, permissionFor, permissionPattern } from "./permission.ts";

describe("a permission", () => {
  it("is written like Django's", () => {
    expect(permissionFor("notes.note", "change")).toBe("notes.change_note");
    expect(listPermissionsOf(["auth.user", "shop.refund_order"])).toEqual([
      "auth.add_user",
      "auth.change_user",
      "auth.delete_user",
      "auth.view_user",
      "shop.refund_order",
    ]);
  });

  it("is a type: what it is for is known when it is compiled", () => {
    const permission: "notes.change_note" = permissionFor("notes.note", "change");
    // @ts-expect-error another action
    const other: "notes.add_note" = permission;
    // @ts-expect-error there is no such action
    permissionFor("notes.note", "remove");
    // @ts-expect-error a model has an app
    expect(() => permissionFor("note", "view")).not.toThrow();
    expect(other).toBe(permission);
  });

  it("of every model of the core fits the pattern that the database checks too", () => {
    const pattern = new RegExp(permissionPattern);
    for (const permission of listPermissionsOf(coreModels)) expect(permission).toMatch(pattern);
    for (const wrong of [
      "notes",
      "notes.note",
      "Notes.add_note",
      "notes.add_",
      "notes._note",
      ".add_note",
      "notes.add_note;",
    ]) {
      expect(wrong).not.toMatch(pattern);
    }
  });
});
