import {
  type Auth,
  type AuthOptions,
  type Config,
  type ConfigOf,
  createAuth,
  type DatabaseOptions,
  type NoFields,
  type ProfileFields,
} from "@latchkey/auth";
import { type AnyTRPCRouter, initTRPC, TRPCError } from "@trpc/server";
import {
  createFetchHandler,
  type FetchHandler,
  type FetchHandlerOptions,
  type HttpOptions,
} from "./http/fetch-handler.ts";
import { responseMeta } from "./http/headers.ts";
import { readPasskeys } from "./http/passkeys.ts";
import { parsePublicUrl } from "./http/public-url.ts";
import { createReceiptsHandler, type ReceiptsHandler, type ReceiptsOptions } from "./http/receipts.ts";
import { createRequestAddressReader } from "./http/request-address.ts";
import { withoutValues } from "./http/without-values.ts";
import { startMaintenance } from "./maintenance.ts";
import { migrateOwn, type OwnMigrations } from "./own-migrations.ts";
import { type Builders, createBuilders } from "./trpc/builders.ts";
import { createContext, type LatchkeyContext, type RequestInput } from "./trpc/context.ts";
import type { ProcedureMeta } from "./trpc/cookie-mode.ts";
import { findAuthError } from "./trpc/error-map.ts";
import { formatError } from "./trpc/format-error.ts";
import { createProcedures, type Procedures } from "./trpc/procedures.ts";
import { traceWork } from "./trpc/tracing.ts";

/** What the core is told, and how requests reach it. */
export interface LatchkeyOptions<Fields extends ProfileFields, Declared extends readonly string[]>
  extends Omit<AuthOptions<Fields, Declared>, "onError"> {
  /** Where the data is: an address, or a pool of `pg` of your own. */
  readonly database: DatabaseOptions;
  /** Tables of your own, made after Latchkey's: they may refer to `latchkey.users (id)`. */
  readonly migrations?: OwnMigrations;
  /** For `latchkey.fetch`: how requests reach the process, and who may send them. */
  readonly http?: HttpOptions;
  /** Told what failed where no caller is told: maintenance, and hooks that run afterwards. Without it, Node prints a warning. */
  readonly onError?: (error: unknown, about: { readonly task: string }) => void;
}

/** A router, and whatever is other than in the option `http`. */
export type RouterToServe<C extends Config> = Omit<FetchHandlerOptions<C>, "auth" | "names">;

/** Sign-in for a router of your own. */
export interface Latchkey<C extends Config> extends Builders<C> {
  /** The core, for what your own code does with people. */
  readonly auth: Auth<C>;
  /** All procedures, by name: `auth: t.router(latchkey.procedures)`. */
  readonly procedures: Procedures<C>;
  /**
   * What a router's context must hold, from a request. It reads headers and verifies nothing. Whose word counts for the address, the
   * options `http.trustedProxies` and `http.forwardedSecrets` say.
   *
   * @example
   * const createContext = ({ req }) => ({
   *   ...latchkey.context({ headers: req.headers, remoteAddress: req.socket.remoteAddress }),
   * });
   */
  context(request: RequestInput): LatchkeyContext<C>;
  /**
   * Answers what is not tRPC, and what is not in your router: cookie mode below `/cookie`, the public keys at `/.well-known/jwks.json`, the
   * origins that may use passkeys at `/.well-known/webauthn`, and Latchkey's procedures below `/trpc`, all below `http.basePath`.
   *
   * @example
   * app.all("/.well-known/jwks.json", (c) => latchkey.fetch(c.req.raw, { remoteAddress }));
   */
  readonly fetch: FetchHandler;
  /**
   * The same for a router of your own, in which Latchkey's procedures are, so that its clients can use cookie mode.
   *
   * @example
   * const answer = latchkey.createFetchHandler({
   *   router: appRouter,
   *   createContext: (_request, latchkeyContext) => ({ tenant, ...latchkeyContext }),
   * });
   */
  createFetchHandler(options: RouterToServe<C>): FetchHandler;
  /**
   * Answers the providers of messages at `/messages/receipts`. Hand it requests whose body nothing has read, or its bytes as `rawBody`.
   *
   * @example
   * const receipts = latchkey.createReceiptsHandler({
   *   signed: { whatsapp: ({ body, header }) => readWhatsAppReceipt({ body, signature: header("x-hub-signature-256") }, { appSecret }) },
   * });
   * app.post("/messages/receipts/*", (c) => receipts(c.req.raw));
   */
  createReceiptsHandler(options: Omit<ReceiptsOptions, "receive">): ReceiptsHandler;
  /**
   * For the option `responseMeta` of tRPC's adapters: `WWW-Authenticate`, `Retry-After`, `Cache-Control: no-store`, and what keeps browsers
   * from taking an answer for a page.
   */
  readonly responseMeta: typeof responseMeta;
  /** Begins what is to be done by the hour: clearing away, and looking over the stored hashes. Once a process. */
  start(): void;
  /** Ends that, refuses whoever waits for a password to be checked, and closes the connections unless the pool is yours. */
  stop(): Promise<void>;
}

/**
 * Opens the core on a database, brings its schema up to date, and answers what a tRPC server needs of it.
 *
 * @throws StartError, or ZodError for options that cannot be
 * @example
 * const latchkey = await createLatchkey({ database: { connectionString }, secret, permissions: ["shop.order"] });
 * const t = initTRPC.context<typeof createContext>().create();
 * export const appRouter = t.router({
 *   auth: t.router(latchkey.procedures),
 *   orders: { list: t.procedure.concat(latchkey.protectedProcedure).query(({ ctx }) => ctx.user.id) },
 * });
 */
export async function createLatchkey<
  const Fields extends ProfileFields = NoFields,
  const Declared extends readonly string[] = readonly [],
>(options: LatchkeyOptions<Fields, Declared>): Promise<Latchkey<ConfigOf<Fields, Declared>>> {
  const { database, onError = warn, migrations, http = {}, ...rest } = options;
  const onHookError = (error: unknown, { hook }: { hook: string }) => onError(error, { task: `the hook ${hook}` });
  const { passkeys = findPasskeys(http) } = rest;
  const authOptions: AuthOptions<Fields, Declared> = {
    watch: traceWork,
    onAuditError: (error) => onError(withoutValues(error), { task: "the audit trail" }),
    ...rest,
    ...(passkeys && { passkeys }),
    onError: onHookError,
  };
  const auth = createAuth<Fields, Declared>(database, authOptions);
  try {
    await auth.initialize();
    if (migrations) await migrateOwn(database, migrations);
    return serve(auth, http, onError);
  } catch (error) {
    await auth.close();
    throw error;
  }
}

/** For the host that browsers reach, unless the options say another. */
function findPasskeys({ publicUrl, corsOrigins = [], allowsLoopbackOrigins = false }: HttpOptions) {
  const url = publicUrl === undefined ? undefined : (parsePublicUrl(publicUrl) ?? undefined);
  const found = readPasskeys({
    publicUrl: url,
    corsOrigins,
    isDevelopment: url === undefined && allowsLoopbackOrigins,
  });
  return found && "fault" in found ? undefined : found;
}

type OnError = (error: unknown, about: { readonly task: string }) => void;

function serve<C extends Config>(auth: Auth<C>, http: HttpOptions, onError: OnError): Latchkey<C> {
  const { ofCoreModel: _model, withCorePermission: _permission, ...builders } = createBuilders<C>("refusals");
  const procedures = createProcedures<C>(auth.profile);
  const createHandler = (options: RouterToServe<C>) =>
    createFetchHandler<C>({ onError: tellOfDefects(onError), ...http, ...options, auth });
  // Before anything else reads the options, since it says what is wrong with them.
  const fetch = createHandler({ router: toRouter(procedures) });
  const readAddress = createRequestAddressReader(http);
  let stopMaintenance = () => {};
  return {
    ...builders,
    auth,
    procedures,
    fetch,
    createFetchHandler: createHandler,
    createReceiptsHandler: (options) =>
      createReceiptsHandler({
        ...(http.onNotice && { onNotice: http.onNotice }),
        ...options,
        receive: auth.receiveDelivery,
      }),
    responseMeta,
    context: (request) => createContext(auth, { ...request, remoteAddress: readAddress(request) }),
    start() {
      stopMaintenance();
      stopMaintenance = startMaintenance(auth, {
        onError: (error) => onError(withoutValues(error), { task: "maintenance" }),
      });
    },
    async stop() {
      stopMaintenance();
      auth.rejectQueuedHashes();
      await auth.close();
    },
  };
}

/** A router of Latchkey's procedures alone. */
function toRouter<C extends Config>(procedures: Procedures<C>): AnyTRPCRouter {
  const t = initTRPC.context<LatchkeyContext>().meta<ProcedureMeta>();
  return t.create({ isDev: false, errorFormatter: formatError }).router(procedures);
}

/** Refusals are answers; what is none is a failure of the server. */
function tellOfDefects(onError: OnError): NonNullable<HttpOptions["onError"]> {
  return ({ error, path }) => {
    const isRefusal = error instanceof TRPCError && findAuthError(error) !== null;
    if (!isRefusal) onError(withoutValues(error), { task: path === undefined ? "a request" : `the procedure ${path}` });
  };
}

function warn(error: unknown, { task }: { readonly task: string }): void {
  const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`Latchkey: ${task} failed: ${said}`);
}
