import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Document, Schema } from "./document.ts";

/**
 * Makes a check of values against a schema of the document: it answers what is wrong. An answer may have more fields in a later release;
 * `isClosed` refuses those that this one does not tell of.
 */
export function compile(document: Document, schema: Schema, { isClosed = false } = {}): (value: unknown) => string[] {
  const check = compilerOf(document, isClosed).compile(elsewhere(isClosed ? close(schema) : schema));
  return (value) =>
    check(value) ? [] : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Of each document two, which have read what its schemas refer to. */
const compilers = new WeakMap<Document, Map<boolean, Ajv2020>>();

function compilerOf(document: Document, isClosed: boolean): Ajv2020 {
  const known = compilers.get(document) ?? new Map<boolean, Ajv2020>();
  compilers.set(document, known);
  const compiler = known.get(isClosed) ?? createCompiler(document, isClosed);
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
