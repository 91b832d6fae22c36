import { profileChangesSchema } from "@latchkey/auth";
import { publicProcedure } from "../trpc.ts";
import { identifierText, passwordText } from "./inputs.ts";

/** Opening an account of one's own. */
export const accountProcedures = {
  /**
   * Opens an account and signs in. A phone number or an e-mail address given here waits for proof: until then it neither signs in
   * nor keeps its owner from it.
   */
  register: publicProcedure
    .meta({ cookieMode: { opensSession: true } })
    .input(
      profileChangesSchema.extend({
        username: identifierText,
        password: passwordText,
        phoneNumber: identifierText.optional(),
        email: identifierText.optional(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.auth.register(input, ctx.facts)),
};
