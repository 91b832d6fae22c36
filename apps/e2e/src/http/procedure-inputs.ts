import { z } from "zod";
import { procedureInputs } from "../permissions/call-as.ts";

/** What a value may be, as far as these tests look. */
export interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | object;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** Every procedure by name, with what its input may be; null when it takes none. */
export const inputs = Object.entries(procedureInputs).map(([name, input]) => [name, toJsonSchema(input)] as const);

function toJsonSchema(input: unknown): JsonSchema | null {
  if (!(input instanceof z.ZodType)) return null;
  return z.toJSONSchema(input, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

export const withInput = inputs.filter((entry): entry is readonly [string, JsonSchema] => entry[1] !== null);

/** The schemas of all objects within one. */
export function objectsIn(schema: JsonSchema): JsonSchema[] {
  const below = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.anyOf ?? []),
    ...(schema.items ? [schema.items] : []),
  ];
  return [...(schema.type === "object" ? [schema] : []), ...below.flatMap(objectsIn)];
}

/** The paths of all fields that hold text, within objects. */
export function textsIn(schema: JsonSchema, path: readonly string[] = []): (readonly string[])[] {
  const isText = schema.type === "string" || schema.anyOf?.some(({ type }) => type === "string");
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => textsIn(field, [...path, name]));
  return isText ? [path] : below;
}

/** An input with one field. */
export const nest = (path: readonly string[], value: unknown): unknown =>
  path.reduceRight((inner, name) => ({ [name]: inner }), value);
