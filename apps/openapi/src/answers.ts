import { generateOpenAPIDocument } from "@trpc/openapi";
import type { Document, Operation, Schema } from "./document.ts";
import { files } from "./service.ts";

/** What procedures answer, as their types have it. */
export interface Answers {
  /** The schema of each procedure's answer, by its name. */
  readonly byProcedure: ReadonlyMap<string, Schema>;
  /** What these refer to. */
  readonly components: Readonly<Record<string, Schema>>;
}

/** Names that the compiler makes up, and what is meant. */
const names: Readonly<Record<string, string>> = { Pick: "NamedGroup", ErrorShape: "Refusal", ErrorData: "RefusalData" };

/** Reads the answers out of the router's types. */
export async function readAnswers(): Promise<Answers> {
  const raw = await generateOpenAPIDocument(files.router, { exportName: files.routerType, title: "", version: "" });
  const { paths, components } = JSON.parse(JSON.stringify(raw), rename) as Document;
  const byProcedure = Object.entries(paths).map(([path, { get, post }]) => {
    const answer = findAnswer(get ?? post);
    if (!answer) throw new Error(`There is no answer of ${path}`);
    return [path.slice(1), mend(answer)] as const;
  });
  const schemas = Object.entries(components.schemas).map(([name, schema]) => [names[name] ?? name, mend(schema)]);
  return {
    byProcedure: new Map(byProcedure),
    components: Object.fromEntries(schemas.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))),
  };
}

/** The same as a document has them, without the compiler. */
export function findAnswersIn({ paths, components }: Document): Answers {
  const { RefusalAnswer: _, ...schemas } = components.schemas;
  const byProcedure = Object.entries(paths).flatMap(([path, { get, post }]) => {
    const answer = findAnswer(get ?? post);
    return answer && path.startsWith("/trpc/") ? [[path.slice("/trpc/".length), answer] as const] : [];
  });
  return { byProcedure: new Map(byProcedure), components: schemas };
}

const schemaPrefix = "#/components/schemas/";

function rename(key: string, value: unknown): unknown {
  if (key !== "$ref" || typeof value !== "string" || !value.startsWith(schemaPrefix)) return value;
  const name = value.slice(schemaPrefix.length);
  return schemaPrefix + (names[name] ?? name);
}

function findAnswer(operation: Operation | undefined): Schema | undefined {
  const response = operation?.responses["200"];
  if (!response || "$ref" in response) return undefined;
  return response.content?.["application/json"].schema.properties?.result?.properties?.data;
}

/** A permission: other programs declare some too, so that no list of them is whole. */
const permission = /^\w+\.\w+$/;

/**
 * What the generator says otherwise than the service does: an enumeration that may be null has no null in it; every number here is a
 * whole one; and an answer may have more fields in the next release, which strict readers would stumble over.
 */
function mend(schema: Schema): Schema {
  const { additionalProperties, discriminator: _, ...rest } = schema;
  const mended: Record<string, unknown> = Object.fromEntries(
    Object.entries(rest).map(([keyword, value]) => [keyword, mendBelow(keyword, value)]),
  );
  if (typeof additionalProperties === "object") mended.additionalProperties = mend(additionalProperties);
  const types = [schema.type ?? []].flat().map((type) => (type === "number" ? "integer" : type));
  if (types.length > 0) mended.type = types.length === 1 ? types[0] : types;
  if (schema.enum) {
    const values = schema.enum.filter((value) => value !== null).sort((a, b) => (String(a) < String(b) ? -1 : 1));
    mended.enum = types.includes("null") ? [...values, null] : values;
    if (values.every((value) => permission.test(String(value)))) delete mended.enum;
  }
  return mended;
}

function mendBelow(keyword: string, value: unknown): unknown {
  if (keyword === "items") return mend(value as Schema);
  if (keyword === "oneOf" || keyword === "anyOf" || keyword === "allOf") return (value as Schema[]).map(mend);
  if (keyword !== "properties") return value;
  return Object.fromEntries(Object.entries(value as object).map(([name, field]) => [name, mend(field)]));
}
