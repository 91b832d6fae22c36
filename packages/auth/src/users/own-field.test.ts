import { describe, expect, it, test } from "vitest";
import { z } from "zod";
import { indexed, readOwnField } from "./own-field.ts";
import { defineProfile } from "./profile.ts";

const text = z.string().max(10);
const deep = (levels: number): z.ZodType => (levels === 1 ? text : z.array(deep(levels - 1)));

describe("a field that could not be stored is refused when it is declared, in one line that names it:", () => {
  const refused: Readonly<Record<string, readonly [schema: z.ZodType, said: RegExp]>> = {
    "required, which nobody who is there fulfils": [text, /field it needs \.default\(\) or \.nullable\(\)/],
    optional: [text.optional(), /may be left out/],
    "optional in its midst": [text.optional().nullable(), /may be left out/],
    "a default in its midst": [text.default("x").nullable(), /put \.default\(\) last/],
    "a date": [z.date().nullable(), /is a date.*z\.iso\.datetime/],
    "a date in an object": [z.object({ at: z.date() }).nullable(), /field it\.at is a date/],
    "a bigint": [z.bigint().nullable(), /bigint, which is no JSON/],
    "a map": [z.map(text, text).nullable(), /map, which is no JSON/],
    "a set in an array": [z.array(z.set(text)).nullable(), /field it\.0 is of the kind set/],
    "a file": [z.file().nullable(), /file/],
    "a function": [z.custom<() => void>().nullable(), /says nothing of what is in it/],
    anything: [z.unknown().nullable(), /says nothing/],
    "any JSON, however deep": [z.json().nullable(), /can be of any depth/],
    "keys of any name": [z.looseObject({ a: text }).nullable(), /keys of any name/],
    "a transform of which nobody knows the end": [text.transform((value) => value.length).nullable(), /\.pipe\(\)/],
    "a literal that is no JSON": [z.literal([1n, 2n]).nullable(), /no JSON/],
    "undefined in a union": [z.union([text, z.undefined()]).nullable(), /may be left out|undefined/],
    "deeper than eight levels": [deep(9).nullable(), /is too deep/],
    "a default that is another each time": [text.default(() => crypto.randomUUID().slice(0, 9)), /another each time/],
    "a default that does not fit": [z.string().default(5 as never), /does not let through/],
    "an indexed object": [indexed(z.object({ a: text }).nullable()), /more than one value/],
    "an indexed text without a bound": [indexed(z.string().nullable()), /bound it with \.max\(500\)/],
    "an indexed text that is too long": [indexed(z.string().max(501).nullable()), /bound it/],
    "no schema": ["text" as never, /is not a schema of zod 4/],
  };
  it.each(Object.entries(refused))("%s", (_, [schema, said]) => {
    expect(() => readOwnField("it", schema)).toThrow(said);
  });

  it("a lazy schema that leads to itself", () => {
    interface Tree {
      branches: Tree[];
    }
    const tree: z.ZodType<Tree> = z.lazy(() => z.object({ branches: z.array(tree) }));
    expect(() => readOwnField("it", tree.nullable())).toThrow(/any depth/);
  });
});

test("a field is not called like one that is there, like what JavaScript has, or like no field", () => {
  const names = ["username", "password", "id", "profile", "isStaff", "deviceMark", "then", "toJSON"];
  for (const name of [...names, "constructor", "toString", "hasOwnProperty"]) {
    expect(() => defineProfile({ [name]: text.nullable() }), name).toThrow("has a name that is taken");
  }
  for (const name of ["__proto__", "a b", "a'; drop table users", "Nickname", "nick_name", "", "ä", "x".repeat(51)]) {
    const fields = Object.fromEntries([[name, text.nullable()]]);
    expect(() => defineProfile(fields), name).toThrow("is not named like");
  }
});

test("whatever is JSON can be a field: choices, lists, objects, dates as text, unions, defaults, and what a pipe ends in", () => {
  const fields = defineProfile({
    theme: z.enum(["light", "dark"]).default("light"),
    tags: z.array(text).max(5).default([]),
    address: z.strictObject({ street: text, zip: z.string().optional() }).nullable(),
    birthday: z.iso.date().nullable(),
    either: z.union([z.literal("none"), z.int()]).nullable(),
    trimmed: z
      .string()
      .transform((value) => value.trim())
      .pipe(text)
      .nullable(),
    scores: z.record(text, z.number()).prefault({}),
    pair: z.tuple([text, z.int()]).readonly().nullable(),
    agreed: z.stringbool().default(false),
  }).ownFields;
  expect(Object.fromEntries(fields.map(({ name, missing }) => [name, missing]))).toEqual({
    theme: "light",
    tags: [],
    address: null,
    birthday: null,
    either: null,
    trimmed: null,
    scores: {},
    pair: null,
    agreed: false,
  });
});

describe("what is stored when the schema has changed since", () => {
  it("is shown as if there were nothing, if it is of another type by now", () => {
    expect(readOwnField("age", z.int().nullable()).read("forty")).toBeNull();
    expect(readOwnField("theme", z.enum(["light"]).default("light")).read("dark")).toBe("light");
    expect(readOwnField("tags", z.array(text).default([])).read({ 0: "a" })).toEqual([]);
    expect(readOwnField("either", z.union([z.int(), z.boolean()]).nullable()).read("x")).toBeNull();
    expect(readOwnField("pair", z.tuple([text, z.int()]).nullable()).read(["a"])).toBeNull();
    expect(readOwnField("map", z.record(text, z.int()).nullable()).read({ a: "1" })).toBeNull();
  });

  it("is shown as it is, if it breaks a rule that came later", () => {
    expect(readOwnField("nickname", z.string().max(3).nullable()).read("longer")).toBe("longer");
    expect(readOwnField("mail", z.email().nullable()).read("no mail")).toBe("no mail");
  });

  it("loses the keys that its schema has lost, and gains the defaults that it has gained", () => {
    const schema = z.object({ a: text, b: text.default("new") }).nullable();
    expect(readOwnField("it", schema).read({ a: "kept", gone: 1 })).toEqual({ a: "kept", b: "new" });
  });

  it("loses the keys that transformers refuse to write", () => {
    const stored = JSON.parse('{"a": {"constructor": 1, "b": 2}, "prototype": {}, "__proto__": {"c": 3}}');
    const schema = z.record(z.string(), z.record(z.string(), z.int())).nullable();
    expect(readOwnField("it", schema).read(stored)).toEqual({ a: { b: 2 } });
  });

  it("holds nothing that its prototype would say", () => {
    const read = readOwnField("it", z.record(z.string(), z.int()).nullable()).read(JSON.parse('{"__proto__": 1}'));
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.keys(read as object)).toEqual([]);
    const object = z.object({ constructor: text.nullable() }).nullable();
    expect(readOwnField("it", object).read({})).toBeNull();
  });
});
