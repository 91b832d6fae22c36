import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Document, Schema } from "./document.ts";

/**
 * Makes a check of values against a schema of the document: it answers what is wrong. An answer may have more fields in a later release;
 * `isClosed` refuses those that this one does not tell of.
 */
export function compile(document: Document, schema: Schema, { isClosed = false } = {}): (value: unknown) => string[] {
  const { ajv, checks } = compilerOf(document, isClosed);
  const check = checks.get(schema) ?? ajv.compile(elsewhere(isClosed ? close(schema) : schema));
  checks.set(schema, check);
  return (value) =>
    check(value) ? [] : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

interface Compiler {
  readonly ajv: Ajv2020;
  /** What was compiled before: many answers are of one schema. */
  readonly checks: WeakMap<Schema, ValidateFunction>;
}

/** Of each document two, which have read what its schemas refer to. */
const compilers = new WeakMap<Document, Map<boolean, Compiler>>();

function compilerOf(document: Document, isClosed: boolean): Compiler {
  const known = compilers.get(document) ?? new Map<boolean, Compiler>();
  compilers.set(document, known);
  const compiler = known.get(isClosed) ?? { ajv: createCompiler(document, isClosed), checks: new WeakMap() };
  known.set(isClosed, compiler);
  return compiler;
}

const documentId = "document";

function createCompiler({ components: { schemas } }: Document, isClosed: boolean): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  return ajv.addSchema({ $id: documentId, components: { schemas: isClosed ? close(schemas) : schemas } });
}

/** The same schema outside of the document, with references into it. */
const elsewhere = (schema: unknown): Schema =>
  JSON.parse(JSON.stringify(schema), (key, value) =>
    key === "$ref" && typeof value === "string" ? value.replace(/^#/, `${documentId}#`) : value,
  );

function close(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(close);
  const closed = Object.fromEntries(Object.entries(value).map(([key, below]) => [key, close(below)]));
  const isObject = closed.type === "object" && "properties" in closed && !("additionalProperties" in closed);
  return isObject ? { ...closed, additionalProperties: false } : closed;
}
