/** A JSON schema of the dialect 2020-12, as far as it is looked into here. */
export interface Schema {
  readonly [keyword: string]: unknown;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
}

export interface Content {
  readonly "application/json": { readonly schema: Schema; readonly example?: unknown };
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Schema>>;
  readonly content?: Content;
}

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "cookie" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema?: Schema;
  readonly content?: Content;
}

/** Names of security schemes, each with its scopes; one of several is enough. */
export type Security = readonly Readonly<Record<string, readonly string[]>>[];

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: Security;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response | { readonly $ref: string }>>;
}

export type Method = "get" | "post";
export type Path = Partial<Readonly<Record<Method, Operation>>>;

/** An OpenAPI 3.1 document, as far as this one goes. */
export interface Document {
  readonly openapi: "3.1.1";
  readonly info: { readonly title: string; readonly version: string; readonly [more: string]: unknown };
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Path>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, Schema>>;
    readonly headers: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Response>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
}
