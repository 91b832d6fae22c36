import type { z } from "zod";
import { StartError } from "../errors.ts";

/** What is stored is of another type than its field by now. */
const mismatch = Symbol("mismatch");

/** Answers a stored value as its field shows it, or {@link mismatch}. */
type Reader = (stored: unknown) => unknown;

type Schema = z.core.$ZodType;
type Path = readonly (string | number)[];

/** How deep the values of a field can be: the field itself counts one. */
const greatestDepth = 8;

/** Characters that an indexed text has at most: PostgreSQL refuses a longer entry of an index. */
const longestIndexed = 500;

/** A field whose schema cannot be kept as JSON: a fault of the program, which is told when it starts. */
export function fieldError(path: Path, message: string): StartError {
  return new StartError(`The profile field ${path.join(".")} ${message}.`);
}

/** A schema, by what leads to no library: the types of the SDK come by here. */
export interface FieldSchema {
  readonly "~standard": { readonly vendor: string };
}

/** A field that a team declares: its schema, and what is shown where nothing is stored. */
export interface OwnField {
  readonly name: string;
  /** What may be in it, without a default: in a change, a field that is absent stays as it is. */
  readonly schema: FieldSchema;
  readonly isIndexed: boolean;
  /** What is shown of a person for whom nothing is stored. */
  readonly missing: unknown;
  /** Answers what is shown for what is stored. */
  read(stored: unknown): unknown;
}

const indexedSchemas = new WeakSet<Schema>();

/**
 * Declares that users are listed by a field of the profile: `users.list({ profile: { department: "sales" } })`. It gets an index at the
 * start. For texts of a bounded length, numbers, booleans and choices.
 *
 * @example
 * profile: { department: indexed(z.string().max(40).nullable()) }
 */
export function indexed<Field extends Schema>(schema: Field): Field {
  indexedSchemas.add(schema);
  return schema;
}

/**
 * Looks over a field once, so that nothing it lets through fails to be stored later.
 *
 * @throws StartError
 */
export function readOwnField(name: string, schema: Schema): OwnField {
  if (typeof schema !== "object" || schema === null || !("_zod" in schema)) {
    throw fieldError([name], "is not a schema of zod 4");
  }
  const bare = withoutDefault(schema);
  if (bare._zod.optin !== undefined) {
    throw fieldError([name], "may be left out in its midst: make it .nullable(), or put .default() last");
  }
  const read = createReader(bare, [name]);
  const missing = findMissing(name, schema, bare);
  if (read(missing) === mismatch) throw fieldError([name], "has a default that it does not let through");
  const isIndexed = indexedSchemas.has(schema) || indexedSchemas.has(bare);
  if (isIndexed) requireIndexable(bare, [name]);
  return {
    name,
    schema: bare,
    isIndexed,
    missing,
    read(stored) {
      const value = stored === undefined ? mismatch : read(stored);
      return value === mismatch ? missing : value;
    },
  };
}

const defOf = (schema: Schema) => schema._zod.def as z.core.$ZodTypeDef & Readonly<Record<string, unknown>>;
const innerOf = (schema: Schema) => defOf(schema).innerType as Schema;

function withoutDefault(schema: Schema): Schema {
  return ["default", "prefault"].includes(defOf(schema).type) ? withoutDefault(innerOf(schema)) : schema;
}

/** People were there before the field was, and accounts are made without it: something must be shown of them. */
function findMissing(name: string, schema: Schema, bare: Schema): unknown {
  const [first, second] = [parseNothing(schema), parseNothing(schema)];
  if (first === undefined && bare === schema) {
    if (parse(schema, null) === null) return null;
    throw fieldError([name], "needs .default() or .nullable(): people who are there have no value for it");
  }
  const text = JSON.stringify(first);
  if (text === undefined || text !== JSON.stringify(second)) {
    throw fieldError([name], "has a default that is another each time, or that cannot be stored");
  }
  return JSON.parse(text);

  function parseNothing(of: Schema): unknown {
    return parse(of, undefined);
  }
}

/** What a schema makes of a value at once; undefined when it refuses, or has to wait. */
function parse(schema: Schema, value: unknown): unknown {
  try {
    const result = schema._zod.run({ value, issues: [] }, { async: false });
    return result instanceof Promise || result.issues.length > 0 ? undefined : result.value;
  } catch {
    return undefined;
  }
}

type Making = (schema: Schema, path: Path) => Reader;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const only =
  (test: (value: unknown) => boolean): Reader =>
  (value) =>
    test(value) ? value : mismatch;
const through: Making = (schema, path) => createReader(innerOf(schema), path);

/** How stored values are read, by zod's kinds of schema. A kind that is not here is refused. */
const readers: Partial<Record<string, Making>> = {
  string: () => only((value) => typeof value === "string"),
  template_literal: () => only((value) => typeof value === "string"),
  number: () => only((value) => typeof value === "number"),
  int: () => only((value) => typeof value === "number"),
  boolean: () => only((value) => typeof value === "boolean"),
  null: () => only((value) => value === null),
  enum: (schema) => {
    const values = Object.values(defOf(schema).entries as object);
    return only((value) => values.includes(value));
  },
  literal: (schema, path) => {
    const values = defOf(schema).values as readonly unknown[];
    const isStorable = values.every(
      (value) => value === null || ["string", "number", "boolean"].includes(typeof value),
    );
    if (!isStorable) throw fieldError(path, "allows a value that is no JSON");
    return only((value) => values.includes(value));
  },
  nullable: (schema, path) => {
    const read = createReader(innerOf(schema), path);
    return (value) => (value === null ? null : read(value));
  },
  array: (schema, path) => {
    const read = createReader(defOf(schema).element as Schema, [...path, 0]);
    return (value) => (Array.isArray(value) ? all(value.map(read)) : mismatch);
  },
  tuple: (schema, path) => {
    const { items, rest } = defOf(schema) as unknown as z.core.$ZodTupleDef;
    const reads = items.map((item, index) => createReader(item, [...path, index]));
    const readRest = rest && createReader(rest, [...path, reads.length]);
    const fits = (value: readonly unknown[]) =>
      value.length === reads.length || (value.length > reads.length && readRest);
    return (value) =>
      Array.isArray(value) && fits(value)
        ? all(value.map((item, index) => (reads[index] ?? readRest)?.(item)))
        : mismatch;
  },
  object: readObject,
  record: (schema, path) => {
    const read = createReader(defOf(schema).valueType as Schema, [...path, "*"]);
    return (value) => (isObject(value) ? allEntries(keysOf(value).map((key) => [key, read(value[key])])) : mismatch);
  },
  union: (schema, path) => {
    const reads = (defOf(schema).options as readonly Schema[]).map((option) => createReader(option, path));
    return (value) => {
      for (const read of reads) {
        const found = read(value);
        if (found !== mismatch) return found;
      }
      return mismatch;
    };
  },
  // What is stored is what came out of it.
  pipe: (schema, path) => createReader(defOf(schema).out as Schema, path),
  default: through,
  prefault: through,
  catch: through,
  readonly: through,
  nonoptional: through,
};

const refusals: Partial<Record<string, string>> = {
  transform: "ends in a transform: say what comes out of it with .pipe()",
  lazy: "can be of any depth",
  any: "says nothing of what is in it",
  unknown: "says nothing of what is in it",
  custom: "says nothing of what is in it",
  date: "is a date, which is no JSON: use z.iso.datetime() or z.iso.date()",
  optional: "may be undefined, which is no JSON: make it .nullable()",
};

function createReader(schema: Schema, path: Path): Reader {
  if (path.length > greatestDepth) throw fieldError(path, "is too deep");
  const { type } = defOf(schema);
  const make = readers[type];
  if (make) return make(schema, path);
  throw fieldError(path, refusals[type] ?? `is of the kind ${type}, which is no JSON`);
}

function readObject(schema: Schema, path: Path): Reader {
  const { shape, catchall } = defOf(schema) as unknown as z.core.$ZodObjectDef;
  if (catchall && defOf(catchall).type !== "never") {
    throw fieldError(path, "takes keys of any name: use z.record()");
  }
  const fields = Object.entries(shape).map(([key, field]) => {
    const isOptional = defOf(field).type === "optional";
    const read = createReader(isOptional ? innerOf(field) : field, [...path, key]);
    return { key, read, isOptional, missing: isOptional ? undefined : parse(field, undefined) };
  });
  return (value) => {
    if (!isObject(value)) return mismatch;
    const entries = fields.flatMap(({ key, read, isOptional, missing }): [string, unknown][] => {
      if (Object.hasOwn(value, key)) return [[key, read(value[key])]];
      if (missing !== undefined) return [[key, missing]];
      return isOptional ? [] : [[key, mismatch]];
    });
    return allEntries(entries);
  };
}

/** Keys that name an object's own machinery: transformers such as superjson refuse to write any object that has one. */
export const isMachinery = (key: string): boolean => ["__proto__", "constructor", "prototype"].includes(key);

const keysOf = (value: object) => Object.keys(value).filter((key) => !isMachinery(key));

const all = (values: readonly unknown[]) => (values.includes(mismatch) ? mismatch : values);
const allEntries = (entries: readonly (readonly [string, unknown])[]) =>
  entries.some(([, value]) => value === mismatch) ? mismatch : Object.fromEntries(entries);

/** A btree keeps what is compared whole. */
function requireIndexable(schema: Schema, path: Path): void {
  const { type, innerType, out, options = [] } = defOf(schema);
  const inside = { nullable: innerType, readonly: innerType, catch: innerType, pipe: out }[type as string];
  if (inside) requireIndexable(inside as Schema, path);
  else if (type === "union") for (const option of options as Schema[]) requireIndexable(option, path);
  else if (type === "string") requireShort(schema, path);
  else if (!["number", "int", "boolean", "enum", "literal", "null"].includes(type)) {
    throw fieldError(path, "is indexed and may hold more than one value");
  }
}

function requireShort(schema: Schema, path: Path): void {
  const checks = (schema._zod.def.checks ?? []).map((check) => check._zod.def as { maximum?: number; length?: number });
  if (checks.some(({ maximum, length = maximum }) => length !== undefined && length <= longestIndexed)) return;
  throw fieldError(path, `is indexed: bound it with .max(${longestIndexed}) or less`);
}
