import {
  AuthError,
  type Config,
  type CorePermission,
  type coreModels,
  type ModelAction,
  type ModelName,
  type PermissionFor,
  permissionFor,
  type Session,
  type UserOf,
} from "@latchkey/auth";
import { isUuid } from "@latchkey/auth/internal";
import { initTRPC, type TRPCProcedureBuilder, type TRPCUnsetMarker } from "@trpc/server";
import type { LatchkeyContext } from "./context.ts";
import { callInCookieMode, type ProcedureMeta } from "./cookie-mode.ts";
import { findAuthError, findThrownRefusal, toTrpcError, withUnavailability } from "./error-map.ts";
import type { ErrorShape } from "./error-shape.ts";
import { findInputError, formatError, formatRefusal } from "./format-error.ts";
import { tellCall } from "./tell-call.ts";
import { traceCall } from "./tracing.ts";

/** A builder of procedures, for `.concat()` in a router whose context has the key `latchkey`. */
export type ProcedureBuilder<C extends Config, Added extends object> = TRPCProcedureBuilder<
  LatchkeyContext<C>,
  ProcedureMeta,
  Added,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  false,
  ErrorShape
>;

/** What a procedure for people who are signed in finds in its context. */
export interface SignedIn<C extends Config> {
  readonly user: UserOf<C>;
  readonly session: Session;
  /** Whether it is time to offer them to prove their phone number anew. */
  readonly isPhoneProofDue: boolean;
  /** What they hold, where a permission was asked for; null for a superuser, who holds everything. */
  readonly held?: readonly string[] | null | undefined;
}

/** A model all of whose permissions are declared. */
export type ModelOf<C extends Config, Name extends ModelName> =
  PermissionFor<Name> extends C["permission"] ? Name : never;

/** The builders of a model, by what its permission lets people do. */
export interface ModelProcedures<C extends Config, Viewing extends object = SignedIn<C>> {
  readonly view: ProcedureBuilder<C, Viewing>;
  readonly add: ProcedureBuilder<C, SignedIn<C>>;
  readonly change: ProcedureBuilder<C, SignedIn<C>>;
  readonly delete: ProcedureBuilder<C, SignedIn<C>>;
}

/** The builders of procedures, by who may call. */
export interface Builders<C extends Config> {
  /** For everybody (AllowAny). It does not look at the token, so that one that has expired never blocks a sign-in. */
  readonly publicProcedure: ProcedureBuilder<C, object>;
  /** For people who are signed in (IsAuthenticated). The user and the session were read from the database for this call. */
  readonly protectedProcedure: ProcedureBuilder<C, SignedIn<C>>;
  /** For staff (IsAdminUser). */
  readonly staffProcedure: ProcedureBuilder<C, SignedIn<C>>;
  /**
   * For people who signed in, or showed again who they are by `me.reauthenticate`, `maxAge` seconds ago at most; with `acr` `2` only in a
   * session whose owner has shown two factors. Refused before anything of the procedure runs.
   *
   * @example
   * const recentProcedure = latchkey.recentProcedure({ maxAge: 600 });
   */
  recentProcedure(options: { readonly maxAge: number; readonly acr?: "1" | "2" }): ProcedureBuilder<C, SignedIn<C>>;
  /** For people who hold a permission at this moment. */
  permittedProcedure(permission: C["permission"]): ProcedureBuilder<C, SignedIn<C>>;
  readonly modelProcedures: {
    /**
     * The four procedures of a model, each for people who hold its permission: Django REST Framework's `DjangoModelPermissions`, with
     * the permission to view asked for as well.
     *
     * @example
     * const note = modelProcedures("notes.note");
     * note.change.input(changeSchema).mutation(...); // needs notes.change_note
     */
    <Name extends ModelName>(model: ModelOf<C, Name>): ModelProcedures<C>;
    /**
     * The same, but anybody may read (`DjangoModelPermissionsOrAnonReadOnly`): without a token, or with credentials of another scheme,
     * as nobody, and with a bad token not at all. The user in the context of `view` is null for nobody.
     */
    orAnonReadOnly<Name extends ModelName>(
      model: ModelOf<C, Name>,
    ): ModelProcedures<C, { readonly user: UserOf<C> | null }>;
  };
}

/**
 * Which errors get the shape of Latchkey's: refusals alone, so that the router's own errors stay its own, or whatever happens, so that no
 * defect says anything of itself.
 */
export type FormattedErrors = "refusals" | "all";

/** For the procedures of Latchkey itself, which ask for the core's own permissions whatever else is declared. */
export interface OwnBuilders<C extends Config> extends Builders<C> {
  /**
   * `recently` has the same for people who have shown lately who they are: for what could make an account another person's, keeps people out,
   * or copies everything.
   */
  ofCoreModel(
    model: (typeof coreModels)[number],
  ): ModelProcedures<C> & { readonly recently: Pick<ModelProcedures<C>, "view" | "change" | "delete"> };
  withCorePermission(permission: CorePermission): ProcedureBuilder<C, SignedIn<C>>;
}

/** Makes the builders. The core that they ask is in the context of each call. */
export function createBuilders<C extends Config>(formatted: FormattedErrors): OwnBuilders<C> {
  const find = formatted === "all" ? findAuthError : findThrownRefusal;
  // What `.errors()` below gives to each procedure; this one is for the types, and is never asked.
  const t = initTRPC
    .context<LatchkeyContext<Config>>()
    .meta<ProcedureMeta>()
    .create({ isDev: false, errorFormatter: formatError });

  /** Gives every refusal of the core the transport's code, and every call a span. */
  const withMappedErrors = t.middleware(({ ctx, next, signal, path }) => {
    const call = async () => {
      requireCall(ctx);
      const result = await next();
      if (result.ok || findInputError(result.error)) return result;
      const refusal = find(result.error);
      if (!refusal) return result;
      if (isLimit(refusal)) await ctx.latchkey.auth.delayRefusal(signal);
      throw toTrpcError(refusal);
    };
    const { onCall } = (ctx as Partial<typeof ctx>).latchkey ?? {};
    return tellCall(onCall, path, () => traceCall(path, call));
  });

  const withCookieMode = t.middleware(({ ctx: { latchkey }, meta, next, getRawInput }) => {
    const { auth, cookies, facts } = latchkey;
    if (!cookies) return next();
    const endSession = (refreshToken: string) => auth.signOut(refreshToken, facts);
    return callInCookieMode({ cookies, meta, getRawInput, endSession, next: (read) => next({ getRawInput: read }) });
  });

  const publicProcedure = t.procedure
    .errors<ErrorShape | undefined>(formatted === "all" ? formatError : formatRefusal)
    .meta({ access: "public" })
    .use(withMappedErrors)
    .use(withCookieMode);

  const protectedProcedure = publicProcedure
    .meta({ access: "protected" })
    .use(async ({ ctx: { latchkey }, next, path, type, meta, getRawInput }) => {
      const { auth, facts } = latchkey;
      const {
        user,
        session,
        isPhoneProofDue = false,
      } = await withUnavailability(() => auth.authenticate(latchkey.authorization, facts));
      latchkey.onCaller?.(user.id);
      if (formatted === "all") spendCall(latchkey, user, { type, meta });
      const result = await next({ ctx: { user, session, isPhoneProofDue } });
      if (!result.ok && find(result.error)?.code === "permission_denied") {
        const denied = { procedure: path, target: await findTarget(getRawInput) };
        await withUnavailability(() => auth.recordDenial(user, denied, facts));
      }
      return result;
    });

  const staffProcedure = protectedProcedure.meta({ access: "staff" }).use(({ ctx, next }) => {
    if (!ctx.user.isStaff) throw new AuthError("permission_denied", "This is for staff");
    return next();
  });

  const recentProcedure = ({ maxAge, acr }: { readonly maxAge: number; readonly acr?: "1" | "2" }) => {
    if (!Number.isInteger(maxAge) || maxAge < 1) throw new RangeError("maxAge is not a number of seconds from 1 on");
    return protectedProcedure.use(async ({ ctx, next }) => {
      await withUnavailability(() => ctx.latchkey.auth.requireRecentAuthentication(ctx, maxAge, acr));
      return next();
    });
  };

  const permittedProcedure = (permission: string) =>
    protectedProcedure.meta({ access: { permission } }).use(async ({ ctx, next }) => {
      const held = await withUnavailability(() => ctx.latchkey.auth.authorize(ctx.user, permission));
      return next({ ctx: { held } });
    });

  const optionallyProtectedProcedure = publicProcedure
    .meta({ access: "optional" })
    .use(async ({ ctx: { latchkey }, next }) => {
      const authenticate = () => latchkey.auth.authenticate(latchkey.authorization, latchkey.facts);
      const caller = await withUnavailability(authenticate).catch(toNobody);
      return next({ ctx: { user: caller?.user ?? null } });
    });

  const modelProcedures = (model: ModelName) => {
    const forAction = (action: ModelAction) => permittedProcedure(permissionFor(model, action));
    return { view: forAction("view"), add: forAction("add"), change: forAction("change"), delete: forAction("delete") };
  };
  const ofCoreModel = (model: ModelName) => {
    const ofModel = modelProcedures(model);
    const recently = (action: "view" | "change" | "delete") =>
      ofModel[action].use(async ({ ctx, next }) => {
        await requireToAdminister(ctx);
        return next();
      });
    return {
      ...ofModel,
      recently: { view: recently("view"), change: recently("change"), delete: recently("delete") },
    };
  };
  modelProcedures.orAnonReadOnly = (model: ModelName) => ({
    ...modelProcedures(model),
    view: optionallyProtectedProcedure,
  });

  const builders: OwnBuilders<Config> = {
    publicProcedure,
    protectedProcedure,
    staffProcedure,
    recentProcedure,
    permittedProcedure,
    modelProcedures,
    ofCoreModel,
    withCorePermission: permittedProcedure,
  };
  return builders as OwnBuilders<C>;
}

/**
 * Asks whoever makes a call to have signed in, or shown again who they are, within ten minutes, and by more than a code that was sent: for
 * what a session that was found open, or a number that was borrowed, must not be enough for.
 *
 * @throws AuthError `reauthentication_required`, `permission_denied`
 */
export async function requireToAdminister<C extends Config>(ctx: LatchkeyContext<C> & SignedIn<C>): Promise<void> {
  await withUnavailability(() => ctx.latchkey.auth.requireToAdminister(ctx));
}

interface CostlyCall {
  readonly type: string;
  readonly meta: ProcedureMeta | undefined;
}

/** Before anything of the procedure runs: a team's own procedures have budgets of their own, or none. */
function spendCall({ auth }: LatchkeyContext["latchkey"], user: { readonly id: string }, call: CostlyCall): void {
  const isAdministration = typeof call.meta?.access === "object" || call.meta?.access === "staff";
  const cost = call.meta?.cost ?? (isAdministration || call.type === "mutation" ? 1 : 0);
  if (cost > 0) auth.spendCall(user, isAdministration ? "administration" : "own", cost);
}

/** Which thing a call is about, where its input names one by its id. */
async function findTarget(getRawInput: () => Promise<unknown>): Promise<string | null> {
  const input = await getRawInput().catch(() => null);
  if (typeof input !== "object" || input === null) return null;
  const { id, userId } = input as { readonly id?: unknown; readonly userId?: unknown };
  const ids = [id, userId].map((value) => (typeof value === "string" ? value.toLowerCase() : value));
  return ids.find(isUuid) ?? null;
}

/** Whether a client is told to come later. One that comes again at once, and over and over, would keep the process busy with saying so. */
const isLimit = ({ code }: AuthError) => code === "rate_limited" || code === "overloaded";

/** The compiler sees to it where there is one. */
function requireCall(context: Partial<LatchkeyContext>): void {
  if (context.latchkey?.auth) return;
  throw new Error(
    "The context of this router has no `latchkey`: add `...latchkey.context({ headers, remoteAddress })` to what its createContext answers",
  );
}

/** A call without a token of ours is nobody's; every other refusal stands. */
function toNobody(error: unknown): null {
  if (error instanceof AuthError && error.code === "token_missing") return null;
  throw error;
}
