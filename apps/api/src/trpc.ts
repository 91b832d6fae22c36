import { AuthError, type coreModels, type ModelAction, permissionFor } from "@latchkey/auth";
import { initTRPC, type TRPCError } from "@trpc/server";
import { ZodError } from "zod";
import type { Context } from "./context.ts";
import { callInCookieMode, type ProcedureMeta } from "./cookie-mode.ts";
import { findAuthError, toTrpcError } from "./error-map.ts";
import type { ErrorData, ErrorShape } from "./error-shape.ts";
import { toInputIssues } from "./input-issues.ts";
import type { Model, Permission } from "./permissions.ts";

const t = initTRPC
  .context<Context>()
  .meta<ProcedureMeta>()
  .create({
    isDev: false,
    errorFormatter: ({ shape, error, ctx }): ErrorShape => {
      const { code, message, data } = describeError(error, ctx);
      const { httpStatus } = shape.data;
      // The name of a procedure that is not there is the caller's own.
      const path = shape.data.path?.slice(0, longestPath);
      return {
        code: shape.code,
        message,
        data: { code, httpStatus, ...(path === undefined ? {} : { path }), ...data },
      };
    },
  });

const longestPath = 50;

type Described = {
  code: TRPCError["code"];
  message: string;
  data: Pick<ErrorData, "reason" | "retryAfter" | "issues">;
};

function describeError(error: TRPCError, request: Context | undefined): Described {
  const { code } = error;
  const inputError = findInputError(error);
  if (inputError) {
    const issues = toInputIssues(inputError, request ?? error);
    return { code, message: "The input is not valid", data: { reason: "invalid_input", issues } };
  }
  const refusal = findAuthError(error);
  if (!refusal) return { code, message: "Internal server error", data: { reason: null } };
  const { message, code: reason, retryAfter, issues } = refusal;
  return { code, message, data: { reason, ...(retryAfter && { retryAfter }), ...(issues && { issues }) } };
}

/** What a schema has against the caller's input. A schema that fails deeper inside is a defect like any other. */
function findInputError({ code, cause }: TRPCError): ZodError | null {
  return code === "BAD_REQUEST" && cause instanceof ZodError ? cause : null;
}

/** Gives every refusal of the core the transport's code. */
const withMappedErrors = t.middleware(async ({ next }) => {
  const result = await next();
  if (result.ok || findInputError(result.error)) return result;
  const refusal = findAuthError(result.error);
  if (refusal) throw toTrpcError(refusal);
  return result;
});

const withCookieMode = t.middleware(async ({ ctx: { cookies, auth, facts }, meta, next, getRawInput }) => {
  if (!cookies) return next();
  const endSession = (refreshToken: string) => auth.logout(refreshToken, facts);
  return callInCookieMode({ cookies, meta, getRawInput, endSession, next: (read) => next({ getRawInput: read }) });
});

export const router = t.router;

/**
 * For everybody (AllowAny). It does not look at the token, so that one that has expired never blocks a sign-in.
 */
export const publicProcedure = t.procedure.use(withMappedErrors).use(withCookieMode);

/**
 * For whoever is signed in (IsAuthenticated). The user and the session in its context were read from the database for this
 * call.
 */
export const protectedProcedure = publicProcedure.use(async ({ ctx, next }) => {
  const { user, session } = await ctx.auth.authenticate(ctx.authorization, ctx.facts);
  return next({ ctx: { user, session } });
});

/** For staff (IsAdminUser). */
export const staffProcedure = protectedProcedure.use(({ ctx, next }) => {
  if (!ctx.user.isStaff) throw new AuthError("permission_denied", "This is for staff");
  return next();
});

/** For whoever holds a permission at this moment. */
export function permittedProcedure(permission: Permission) {
  return protectedProcedure.use(async ({ ctx, next }) => {
    await ctx.auth.authorize(ctx.user, permission);
    return next();
  });
}

type AnyModel = Model | (typeof coreModels)[number];

/**
 * The four procedures of a model, each for whoever holds its permission: Django REST Framework's `DjangoModelPermissions`, with
 * the permission to view asked for as well.
 *
 * @example
 * const note = modelProcedures("notes.note");
 * note.change.input(changeSchema).mutation(...); // needs notes.change_note
 */
export function modelProcedures<Name extends AnyModel>(model: Name) {
  const forAction = <Action extends ModelAction>(action: Action) =>
    permittedProcedure(permissionFor<Name, Action>(model, action) as Permission);
  return { view: forAction("view"), add: forAction("add"), change: forAction("change"), delete: forAction("delete") };
}

/**
 * The same, but anybody may read (`DjangoModelPermissionsOrAnonReadOnly`): without a token, or with credentials of another scheme,
 * as nobody, and with a bad token not at all. The user in the context of `view` is null for nobody.
 */
modelProcedures.orAnonReadOnly = <Name extends AnyModel>(model: Name) => ({
  ...modelProcedures(model),
  view: optionallyProtectedProcedure,
});

const optionallyProtectedProcedure = publicProcedure.use(async ({ ctx, next }) => {
  const caller = await ctx.auth.authenticate(ctx.authorization, ctx.facts).catch(toNobody);
  return next({ ctx: { user: caller?.user ?? null } });
});

/** Whoever brings no token of ours is nobody; every other refusal stands. */
function toNobody(error: unknown): null {
  if (error instanceof AuthError && error.code === "token_missing") return null;
  throw error;
}
