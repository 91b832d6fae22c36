import { readFile } from "node:fs/promises";
import type { ProcedureMeta } from "@latchkey/server";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { findAnswersIn } from "./answers.ts";
import type { Document, Operation, Schema } from "./document.ts";
import { readProcedurePages } from "./examples.ts";
import { format } from "./format.ts";
import { generateDocument } from "./generate.ts";
import { refusalsOf, statusOf } from "./refusals.ts";
import { compile } from "./schemas.ts";
import { securityOf } from "./security.ts";
import { files, procedures } from "./service.ts";

const committed = await readFile(files.document, "utf8");
// What the compiler makes of their types takes it seconds: generated-document.long.test.ts. answers.test.ts holds what is answered to these.
const document: Document = await generateDocument(findAnswersIn(JSON.parse(committed)));
const pages = await readProcedurePages();

const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
const operationOf = (name: string): Operation => {
  const found = operations.find(({ operationId }) => operationId === name);
  if (!found) throw new Error(`${name} is not in the document`);
  return found;
};
const inputOf = ({ parameters, requestBody }: Operation) =>
  (requestBody?.content ?? parameters?.find(({ name }) => name === "input")?.content)?.["application/json"];

test("the committed document is the one that the procedures make, with the answers that it has", () => {
  expect(committed === format(document), "docs/openapi.json is stale: run `npx -y pnpm@12 openapi` and commit it").toBe(
    true,
  );
});

test("the document is valid OpenAPI 3.1", async () => {
  const { valid, errors } = await new Validator().validate(JSON.parse(format(document)));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
});

test("every reference within the document leads somewhere", () => {
  const references = [...format(document).matchAll(/"\$ref": "#\/components\/(\w+)\/([\w.-]+)"/g)];
  const missing = references.filter(([, kind = "", name = ""]) => {
    const components: Readonly<Record<string, object>> = document.components;
    return !(name in (components[kind] ?? {}));
  });
  expect(references.length).toBeGreaterThan(50);
  expect(missing).toEqual([]);
});

test("every procedure says who may call it, and is in the document once, by its method", () => {
  for (const { name, type, meta, input } of procedures) {
    expect(meta.access, name).toBeDefined();
    // What a query asks for is in a body, since addresses are written down.
    const method = type === "query" && input === null ? "get" : "post";
    expect(Object.keys(document.paths[`/trpc/${name}`] ?? {}), name).toEqual([method]);
    expect(`/cookie/trpc/${name}` in document.paths, name).toBe(meta.cookieMode !== undefined);
  }
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

/** As docs/procedures-*.md begin each section. */
const kinds: readonly [start: RegExp, access: (permission: string) => ProcedureMeta["access"]][] = [
  [/^(?:Query|Mutation), public\b/, () => "public"],
  [/^(?:Query|Mutation), protected\b/, () => "protected"],
  [/^(?:Query|Mutation), permission `([\w.]+)`/, (permission) => ({ permission })],
  [/^(?:Query|Mutation), for everybody\b/, () => "optional"],
];

const sectionOf = (name: string) => (pages.split(`### \`${name}\`\n\n`)[1] ?? "").split(/^##/m)[0] ?? "";

test.each(procedures.map(({ name, meta }) => [name, meta.access] as const))(
  "%s lets in whom docs/procedures-*.md say",
  (name, access) => {
    const section = sectionOf(name);
    const [found] = kinds.flatMap(([start, toAccess]) => {
      const match = start.exec(section);
      return match ? [toAccess(match[1] ?? "")] : [];
    });
    expect(access, section.slice(0, 80)).toEqual(found);
  },
);

test.each(procedures)("$name refuses in the document what docs/procedures-*.md say", (procedure) => {
  const [, told = ""] = /Refusals?: (.*?)(?:```|\n\n|$(?![\s\S]))/s.exec(sectionOf(procedure.name)) ?? [];
  const reasons = document.components.schemas.RefusalData?.properties?.reason?.enum ?? [];
  const named = [...told.matchAll(/`(\w+)`/g)].map(([, name]) => name).filter((name) => reasons.includes(name));
  expect(refusalsOf(procedure)).toEqual(expect.arrayContaining(named));
  const responses = operationOf(procedure.name).responses;
  for (const reason of refusalsOf(procedure)) expect(responses, reason).toHaveProperty(String(statusOf(reason)));
});

test("the reasons of refusals are a closed set, with null for a defect", async () => {
  const source = await readFile(new URL("../../../packages/auth/src/errors.ts", import.meta.url), "utf8");
  const [union = ""] = /AuthErrorCode =[^;]+;/.exec(source) ?? [];
  const reasons = [...union.matchAll(/"(\w+)"/g)].map(([, reason]) => reason);
  expect(document.components.schemas.RefusalData?.properties?.reason?.enum).toEqual([...reasons.sort(), null]);
});

test("a procedure takes the token where its kind needs it, and the cookie where cookie mode reads it", () => {
  expect(operationOf("token.obtain").security).toEqual([]);
  expect(operationOf("me.get").security).toEqual([{ bearer: [] }]);
  expect(securityOf({ access: "optional" })).toEqual([{}, { bearer: [] }]);
  expect(operationOf("cookie.me.changePassword").security).toEqual([{ bearer: [] }]);
  expect(operationOf("cookie.token.refresh").security.flatMap((scheme) => Object.keys(scheme))).toEqual([
    "hostRefreshCookie",
    "secureRefreshCookie",
    "refreshCookie",
  ]);
});

test("nothing that the generator gets wrong is left", () => {
  const isWrong = (schema: Schema): boolean =>
    schema.enum !== undefined && [schema.type].flat().includes("null") !== schema.enum.includes(null);
  const look = (value: unknown): Schema[] => {
    if (typeof value !== "object" || value === null) return [];
    return [value as Schema, ...Object.values(value).flatMap(look)];
  };
  expect(look(document.components.schemas).filter(isWrong)).toEqual([]);
  expect(format(document)).not.toMatch(/deepObject|"style"|"discriminator"/);
});

test("inputs have their bounds", () => {
  const { properties = {} } = inputOf(operationOf("token.obtain"))?.schema ?? {};
  expect(properties.username).toMatchObject({ type: "string", minLength: 1, maxLength: 320 });
  expect(properties.deviceName).toMatchObject({ type: "string", minLength: 1, maxLength: 100 });
  const bounds = format(document).match(/"(?:min|max)(?:Length|imum|Items)":/g) ?? [];
  expect(bounds.length).toBeGreaterThan(100);
});

test("every example fits its schema, and what does not fit is refused", () => {
  const given = operations.flatMap((operation) => {
    const { schema, example } = inputOf(operation) ?? {};
    return schema && example !== undefined ? [{ operation, schema, example }] : [];
  });
  expect(given.length).toBeGreaterThan(6);
  for (const { operation, schema, example } of given) {
    expect(compile(document, schema)(example), operation.operationId).toEqual([]);
    expect(compile(document, schema)({ ...Object(example), another: 1 }), operation.operationId).not.toEqual([]);
  }
});
