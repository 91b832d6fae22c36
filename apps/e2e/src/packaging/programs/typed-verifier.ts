/** Uses all of the verifier's tRPC middleware, as a package does whose types others build on. It is compiled, not run. */
import {
  type AuthorizationContext,
  createVerifiedBuilders,
  createVerifiedProcedure,
  type RefusalData,
  type RefusalShape,
  responseMeta,
  type Verified,
  type VerifiedBuilders,
  type VerifiedProcedure,
} from "@latchkey/verify/trpc";
import { initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";

const issued = { issuer: "latchkey", audience: "latchkey", jwks: "https://auth.example.com/.well-known/jwks.json" };

interface Context extends AuthorizationContext {
  readonly tenant: string;
}

export const t = initTRPC.context<Context>().create();
export const verified: VerifiedProcedure = createVerifiedProcedure(issued);
export const builders: VerifiedBuilders<"shop.delete_order"> = createVerifiedBuilders<"shop.delete_order">(issued);
export const protectedProcedure = t.procedure.concat(verified);
// @ts-expect-error misspelt
builders.permittedProcedure("shop.delete_orders");

export const appRouter = t.router({
  whoami: protectedProcedure.query(({ ctx }) => {
    const { userId, claims }: Verified = ctx;
    return { userId, expires: claims.exp.toFixed(), tenant: ctx.tenant };
  }),
  cancel: t.procedure.concat(builders.permittedProcedure("shop.delete_order")).mutation(({ ctx }) => ctx.userId),
});

const bare = initTRPC.context<{ tenant: string }>().create();
// @ts-expect-error the context lacks `authorization`
bare.procedure.concat(verified);

export const answer = (req: Request) =>
  fetchRequestHandler({
    endpoint: "/trpc",
    req,
    router: appRouter,
    createContext: () => ({ tenant: "shop", authorization: req.headers.get("authorization") }),
    responseMeta,
  });

export const describe = ({ message, data }: RefusalShape): string =>
  `${message}: ${(data satisfies RefusalData).reason}`;
