import { type Config, deviceName, type ProfileChangesOf, type ProfileDefinition } from "@latchkey/auth";
import type { Builders } from "../builders.ts";
import { identifierText, passwordText, profileInput, taking } from "../inputs.ts";

/** Opening an account of one's own. */
export function createAccountProcedures<C extends Config>(
  { publicProcedure }: Builders<C>,
  profile: ProfileDefinition,
) {
  return {
    /**
     * Opens an account and signs in. A phone number or an e-mail address given here waits for proof: until then it neither signs in
     * nor keeps its owner from it.
     */
    register: taking<Partial<C["profileInput"]>>()(
      publicProcedure
        .meta({ cookieMode: { opensSession: true } })
        .input(
          profileInput(profile, {
            username: identifierText,
            password: passwordText,
            phoneNumber: identifierText.optional(),
            email: identifierText.optional(),
            deviceName: deviceName.optional(),
          }),
        )
        .mutation(({ ctx, input }) =>
          ctx.latchkey.auth.register(input as typeof input & ProfileChangesOf<C>, ctx.latchkey.facts),
        ),
    ),
  };
}
