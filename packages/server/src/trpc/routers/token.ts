import type { Config } from "@latchkey/auth";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import { text, tokenText } from "../inputs.ts";
import { createSignInProcedures } from "./sign-in.ts";

/** Getting, checking and giving back tokens. */
export function createTokenProcedures<C extends Config>(builders: Builders<C>) {
  const { publicProcedure, protectedProcedure } = builders;
  return {
    ...createSignInProcedures(builders),

    /** Exchanges a refresh token for its successor and a new access token; asking again within the grace time gets the same. */
    refresh: publicProcedure
      .meta({ cookieMode: { takes: "refreshToken" } })
      .input(z.strictObject({ refreshToken: tokenText }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.refresh(input.refreshToken, ctx.latchkey.facts)),

    /** Signs out. The answer is the same for a token that is unknown (RFC 7009). */
    revoke: publicProcedure
      .meta({ cookieMode: { takes: "refreshToken", endsSession: true } })
      .input(z.strictObject({ refreshToken: tokenText }))
      .mutation(async ({ ctx, input }) => {
        await ctx.latchkey.auth.signOut(input.refreshToken, ctx.latchkey.facts);
        return {};
      }),

    /** Exchanges the caller's session for an access token of an API of the team's: it opens that API, and nothing here. */
    exchange: protectedProcedure
      .input(z.strictObject({ audience: text(255) }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.exchangeToken(ctx, input)),

    /**
     * Tells what an access token is worth at this moment (RFC 7662), to this service or to the API of `audience`, and which of some
     * permissions its owner holds.
     */
    verify: publicProcedure
      .input(
        z.strictObject({
          token: tokenText,
          audience: text(255).optional(),
          permissions: z.array(text(150)).max(20).optional(),
        }),
      )
      .mutation(({ ctx, input: { token, ...asked } }) =>
        ctx.latchkey.auth.inspectToken(token, ctx.latchkey.facts, asked),
      ),
  };
}
