import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Document, Schema } from "./document.ts";

/**
 * Makes a check of values against a schema of the document: it answers what is wrong. An answer may have more fields in a later release;
 * `isClosed` refuses those that this one does not tell of.
 */
export function compile(
  { components }: Document,
  schema: Schema,
  { isClosed = false } = {},
): (value: unknown) => string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const whole = { ...schema, components: { schemas: components.schemas } };
  const check = ajv.compile(isClosed ? (close(whole) as Schema) : whole);
  return (value) =>
    check(value) ? [] : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

function close(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(close);
  const closed = Object.fromEntries(Object.entries(value).map(([key, below]) => [key, close(below)]));
  const isObject = closed.type === "object" && "properties" in closed && !("additionalProperties" in closed);
  return isObject ? { ...closed, additionalProperties: false } : closed;
}
