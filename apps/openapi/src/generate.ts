import type { AuthErrorCode } from "@latchkey/auth";
import { jwksMaxAge } from "@latchkey/auth/internal";
import { type Answers, readAnswers } from "./answers.ts";
import type { Content, Document, Operation, Parameter, Path, Response, Schema, Security } from "./document.ts";
import { readExamples } from "./examples.ts";
import { readInput } from "./inputs.ts";
import { describeRefusals, headers, refusalAnswer, refusalsOf, requestId, toResponses } from "./refusals.ts";
import { cookieSecurityOf, describeAccess, securityOf, securitySchemes } from "./security.ts";
import { type Procedure, procedures, readVersion } from "./service.ts";
import { summaries } from "./summaries.ts";

/** Makes the OpenAPI document of the service: answers from types unless they are given, inputs from the schemas that check them. */
export async function generateDocument(given?: Answers): Promise<Document> {
  const [answers, examples] = [given ?? (await readAnswers()), await readExamples()];
  const paths = procedures.flatMap((procedure) =>
    toPaths(procedure, describe(procedure, answers, examples.get(procedure.name))),
  );
  return {
    openapi: "3.1.1",
    info: {
      title: "Latchkey",
      version: await readVersion(),
      description: introduction,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: ".", description: "The service that answers this document" }],
    tags,
    paths: { ...Object.fromEntries(paths), ...otherPaths },
    components: {
      securitySchemes,
      headers,
      responses: describeRefusals(readReasons(answers)),
      schemas: { ...answers.components, RefusalAnswer: refusalAnswer },
    },
  };
}

const introduction = `Sign-in by username, phone number or e-mail address. Every procedure of tRPC is a path here.

**Answers.** A success is \`{"result":{"data":…}}\`, a refusal \`{"error":{"message","code","data"}}\`. \`error.data.reason\` is one of a closed set; where
waiting helps, \`error.data.retryAfter\` and the header \`Retry-After\` say for how many seconds. Answers may have more fields, and more reasons, in
a later release: ignore a field, and go by the status of a reason, that you do not know.

**Inputs.** The body of a \`POST\` is JSON with \`Content-Type: application/json\`; a mutation without an input may have an empty body and needs the
header all the same. A query without an input is a \`GET\`. Every other query is a \`POST\` here, so that nothing about a person stands in an address; as
a \`GET\` with the input as JSON, URL-encoded, in the one parameter \`input\` it is answered too. An unknown field is refused.

**Batches**, which this document has no paths for: procedures of one kind with commas between their names and \`?batch=1\`, such as
\`POST /trpc/token.verify,token.obtain?batch=1\`. The inputs are one object with the positions of the calls as keys, \`{"0":{…},"1":{…}}\`: the body of
a \`POST\`, \`input\` of a \`GET\`. The answer is a list in the order of the calls, each as it would be alone; its status is the one that all share, or 207. At
most 20 calls. A batch is not atomic, and limits count its calls one by one.

**Cookie mode**, below \`/cookie\`, is for browsers alone: the refresh token goes into a cookie that no script reads, and is empty in the answer. Every
call has an \`Origin\` that the service knows.`;

const tags = [
  { name: "token", description: "Getting, checking and giving back tokens" },
  { name: "account", description: "Opening an account of one's own" },
  { name: "me", description: "What a person sees and changes of themselves" },
  { name: "sessions", description: "Where a person is signed in" },
  { name: "password", description: "Setting a password without knowing the one before" },
  { name: "users", description: "Administering other people's accounts" },
  { name: "groups", description: "Permissions given to people as a whole" },
  { name: "permissions", description: "Permissions of other programs" },
  { name: "audit", description: "What happened, to whom, by whom" },
  { name: "cookie", description: "The same for browsers, with the refresh token in a cookie" },
  { name: "service", description: "Public keys, health, and this document" },
];

type Described = Omit<Operation, "operationId" | "tags" | "security">;

function describe(procedure: Procedure, { byProcedure }: Answers, example: unknown): Described {
  const { name, meta } = procedure;
  const [answer, summary] = [byProcedure.get(name), summaries[name]];
  if (!answer || !summary)
    throw new Error(`${name} has no ${answer ? "summary: write one in summaries.ts" : "answer"}`);
  const reasons = refusalsOf(procedure);
  return {
    summary,
    description: `${describeAccess(meta)} Refuses with ${reasons.map((reason) => `\`${reason}\``).join(", ")}.`,
    ...(isByGet(procedure) ? {} : inBody(procedure, example)),
    responses: { 200: ok(wrap(answer)), ...toResponses(reasons) },
  };
}

/** The closed set, as the types have it. */
function readReasons({ components }: Answers): AuthErrorCode[] {
  const { enum: reasons = [] } = components.RefusalData?.properties?.reason ?? {};
  return reasons.filter((reason) => reason !== null) as AuthErrorCode[];
}

/** A query that takes something is called by POST, so that nothing about a person stands in an address. */
const isByGet = ({ type, input }: Procedure) => type === "query" && input === null;

function inBody(procedure: Procedure, example: unknown): Pick<Operation, "requestBody"> {
  const input = readInput(procedure);
  if (!input) return { requestBody: { required: false, content: json({ type: "object", properties: {} }) } };
  return { requestBody: { required: input.isRequired, content: json(input.schema, example) } };
}

function toPaths(procedure: Procedure, described: Described): [string, Path][] {
  const { name, meta } = procedure;
  const [tag = ""] = name.split(".");
  const operation = { operationId: name, tags: [tag], security: securityOf(meta), ...described };
  const plain: [string, Path] = [`/trpc/${name}`, isByGet(procedure) ? { get: operation } : { post: operation }];
  return meta.cookieMode ? [plain, [`/cookie/trpc/${name}`, { post: inCookieMode(operation, meta) }]] : [plain];
}

function inCookieMode(operation: Operation, meta: Procedure["meta"]): Operation {
  const { requestBody, responses, ...rest } = operation;
  const fromCookie = meta.cookieMode?.takes === "refreshToken";
  return {
    ...rest,
    operationId: `cookie.${operation.operationId}`,
    tags: ["cookie"],
    description: `${operation.description} ${fromCookie ? "The refresh token is taken from its cookie, and a body is not read." : "The refresh token goes into a cookie, and is empty in the answer."}`,
    security: cookieSecurityOf(meta),
    parameters: [origin],
    requestBody: fromCookie || !requestBody ? { required: false, content: json({ type: "object" }) } : requestBody,
    // A page of another origin is refused.
    responses: { ...responses, ...toResponses(["permission_denied"]) },
  };
}

const origin: Parameter = {
  name: "Origin",
  in: "header",
  required: true,
  description: "Set by browsers: the service's own origin, or one of `CORS_ORIGINS`",
  schema: { type: "string" },
};

function json(schema: Schema, example?: unknown): Content {
  return { "application/json": { schema, ...(example !== undefined && { example }) } };
}

const wrap = (data: Schema): Schema => ({
  type: "object",
  properties: { result: { type: "object", properties: { data }, required: ["data"] } },
  required: ["result"],
});

const ok = (schema: Schema): Response => ({ description: "Done", headers: requestId, content: json(schema) });

const status: Schema = { type: "object", properties: { status: { type: "string" } }, required: ["status"] };

const keys: Schema = {
  type: "object",
  properties: {
    keys: {
      type: "array",
      items: {
        type: "object",
        properties: Object.fromEntries(
          ["kty", "crv", "x", "y", "kid", "alg", "use"].map((name) => [name, { type: "string" }]),
        ),
        required: ["kty", "crv", "x", "kid", "alg", "use"],
      },
    },
  },
  required: ["keys"],
};

function ofService(operationId: string, summary: string, responses: Operation["responses"]): Path {
  const security: Security = [];
  return { get: { operationId, tags: ["service"], summary, security, responses } };
}

const otherPaths: Readonly<Record<string, Path>> = {
  "/.well-known/jwks.json": ofService(
    "service.jwks",
    `The public keys that verify access tokens (RFC 7517); good for ${jwksMaxAge} seconds`,
    { 200: ok(keys), 304: { description: "As the `If-None-Match` of the request has it" } },
  ),
  "/healthz": ofService("service.healthz", "Whether the process answers", { 200: ok(status) }),
  "/readyz": ofService("service.ready", "Whether the process takes work and the database answers", {
    200: ok(status),
    503: { ...ok(status), description: "Not now; `status` says why" },
  }),
  "/openapi.json": ofService("service.openapi", "This document", {
    200: ok({ type: "object" }),
    304: { description: "As the `If-None-Match` of the request has it" },
  }),
};
