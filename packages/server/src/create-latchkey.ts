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
import { startMaintenance } from "./maintenance.ts";
import { type Builders, createBuilders } from "./trpc/builders.ts";
import { createContext, type LatchkeyContext, type RequestInput } from "./trpc/context.ts";
import { createProcedures, type Procedures } from "./trpc/procedures.ts";

export interface LatchkeyOptions<Fields extends ProfileFields, Declared extends readonly string[]>
  extends Omit<AuthOptions<Fields, Declared>, "onError"> {
  /** Where the data is: an address, or a pool of `pg` of your own. */
  readonly database: DatabaseOptions;
  /** Told what failed where no caller is told: maintenance, and hooks that run afterwards. Without it, Node prints a warning. */
  readonly onError?: (error: unknown, about: { readonly task: string }) => void;
}

/** Sign-in for a router of your own. */
export interface Latchkey<C extends Config> extends Builders<C> {
  /** The core, for what your own code does with people. */
  readonly auth: Auth<C>;
  /** All procedures, by name: `auth: t.router(latchkey.procedures)`. */
  readonly procedures: Procedures<C>;
  /**
   * What a router's context must hold, from a request. It reads headers and verifies nothing.
   *
   * @example
   * const createContext = ({ req }) => ({
   *   ...latchkey.context({ headers: req.headers, remoteAddress: req.socket.remoteAddress }),
   * });
   */
  context(request: RequestInput): LatchkeyContext<C>;
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
  const { database, onError = warn, ...rest } = options;
  const onHookError = (error: unknown, { hook }: { hook: string }) => onError(error, { task: `the hook ${hook}` });
  const authOptions: AuthOptions<Fields, Declared> = { ...rest, onError: onHookError };
  const auth = createAuth<Fields, Declared>(database, authOptions);
  try {
    await auth.prepare();
  } catch (error) {
    await auth.close();
    throw error;
  }
  return serve(auth, (error) => onError(error, { task: "maintenance" }));
}

function serve<C extends Config>(auth: Auth<C>, onError: (error: unknown) => void): Latchkey<C> {
  const { ofCoreModel: _model, withCorePermission: _permission, ...builders } = createBuilders<C>("refusals");
  let stopMaintenance = () => {};
  return {
    ...builders,
    auth,
    procedures: createProcedures<C>(auth.profile),
    context: (request) => createContext(auth, request),
    start() {
      stopMaintenance();
      stopMaintenance = startMaintenance(auth, { onError });
    },
    async stop() {
      stopMaintenance();
      auth.refuseWaiting();
      await auth.close();
    },
  };
}

function warn(error: unknown, { task }: { readonly task: string }): void {
  const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`Latchkey: ${task} failed: ${said}`);
}
