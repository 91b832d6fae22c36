import type { Config, ProfileChangesOf, ProfileDefinition, UserOf } from "@latchkey/auth";
import { z } from "zod";
import { type OwnBuilders, requireToAdminister } from "../builders.ts";
import { type LatchkeyContext, toAdministrator } from "../context.ts";
import {
  byId,
  cursorText,
  filteredBy,
  identifierText,
  pageLimit,
  permissionList,
  profileInput,
  taking,
  text,
} from "../inputs.ts";
import { createUserAccessProcedures } from "./user-access.ts";

const names = {
  username: identifierText.nullable().optional(),
  phoneNumber: identifierText.nullable().optional(),
  email: identifierText.nullable().optional(),
};
const ranks = { isStaff: z.boolean().optional(), isSuperuser: z.boolean().optional() };
const updatable = { ...names, ...ranks, isActive: z.boolean().optional() };

/**
 * Whether a change can hand an account to somebody else, or raise or lower it: another name, a way back in, a rank. A profile cannot, nor can
 * disabling, which enabling undoes.
 */
function canBecome(changes: { readonly [Field in keyof typeof updatable]?: unknown }): boolean {
  const isRenamed = Object.keys(names).some((name) => changes[name as keyof typeof names] !== undefined);
  return isRenamed || changes.isActive === true || changes.isStaff !== undefined || changes.isSuperuser !== undefined;
}

/** Whether disabling somebody keeps an administrator out. */
async function holdsRights<C extends Config>({ latchkey }: LatchkeyContext<C>, id: string): Promise<boolean> {
  const { user, effectivePermissions } = await latchkey.auth.users.get(id);
  return user.isStaff || user.isSuperuser || effectivePermissions.length > 0;
}

/** At most as many as somebody is in. */
const groupIdList = z.array(z.uuid()).max(100);

interface ProfileFilter {
  readonly profile?: Readonly<Record<string, unknown>> | undefined;
}

/** What own fields hold, of those that users can be listed by. No type of it is known here: {@link filteredBy} adds it. */
function profileFilter({ filters }: ProfileDefinition): object {
  const optional = Object.entries(filters).map(([name, schema]) => [name, z.optional(schema as z.ZodType)]);
  return { profile: z.strictObject(Object.fromEntries(optional)).optional() };
}

/** Administering other people's accounts. */
export function createUsersProcedures<C extends Config>({ ofCoreModel }: OwnBuilders<C>, profile: ProfileDefinition) {
  const user = ofCoreModel("auth.user");
  return {
    /** One page, the newest first, or in the order of the name that is searched for by its beginning. */
    list: filteredBy<{ readonly profile?: Partial<C["profileInput"]> | undefined }>()(
      user.view
        .input(
          z
            .strictObject({
              username: identifierText.optional(),
              phoneNumber: identifierText.optional(),
              email: identifierText.optional(),
              externalId: text(255).optional(),
              isActive: z.boolean().optional(),
              isStaff: z.boolean().optional(),
              groupId: z.uuid().optional(),
              ...profileFilter(profile),
              cursor: cursorText.optional(),
              limit: pageLimit,
            })
            .prefault({}),
        )
        .query(({ ctx, input }) =>
          ctx.latchkey.auth.users.list(input as typeof input & ProfileFilter, toAdministrator(ctx)),
        ),
    ),

    get: user.view.input(byId).query(({ ctx, input }) => ctx.latchkey.auth.users.get(input.id, toAdministrator(ctx))),

    /** Creates an account and answers, once, the code with which its owner sets a password by `password.reset`. */
    create: taking<Partial<C["profileInput"]>>()(
      user.add.input(profileInput(profile, { ...names, ...ranks })).mutation(async ({ ctx, input }) => {
        if (input.isStaff || input.isSuperuser) await requireToAdminister(ctx);
        return ctx.latchkey.auth.users.create(toAdministrator(ctx), input as typeof input & ProfileChangesOf<C>);
      }),
    ),

    /** With `expected`, nothing is changed where one of these fields holds something else by now. */
    update: taking<{
      readonly changes: Partial<C["profileInput"]>;
      readonly expected?: Partial<C["profileInput"]> | undefined;
    }>()(
      user.change
        .input(
          z.strictObject({
            id: z.uuid(),
            changes: profileInput(profile, updatable),
            expected: profileInput(profile, updatable).optional(),
          }),
        )
        .mutation(async ({ ctx, input: { id, changes, expected } }) => {
          if (canBecome(changes) || (changes.isActive === false && (await holdsRights(ctx, id))))
            await requireToAdminister(ctx);
          return ctx.latchkey.auth.users.update(
            toAdministrator(ctx),
            id,
            changes as typeof changes & ProfileChangesOf<C>,
            expected as Partial<UserOf<C>> | undefined,
          );
        }),
    ),

    delete: user.recently.delete.input(byId).mutation(async ({ ctx, input }) => {
      await ctx.latchkey.auth.users.delete(toAdministrator(ctx), input.id);
      return {};
    }),

    /** Makes a user's groups exactly those given. */
    setGroups: user.recently.change
      .input(z.strictObject({ id: z.uuid(), groupIds: groupIdList, expected: groupIdList.optional() }))
      .mutation(({ ctx, input: { id, groupIds, expected } }) =>
        ctx.latchkey.auth.users.setGroups(toAdministrator(ctx), id, groupIds, expected),
      ),

    /** Makes a user's own permissions exactly those given. */
    setPermissions: user.recently.change
      .input(z.strictObject({ id: z.uuid(), permissions: permissionList, expected: permissionList.optional() }))
      .mutation(({ ctx, input: { id, permissions, expected } }) =>
        ctx.latchkey.auth.users.setPermissions(toAdministrator(ctx), id, permissions, expected),
      ),

    ...createUserAccessProcedures(user),

    /** One page of the people whom an import left out or altered, and why, by their system and their id there. */
    listImported: user.view
      .input(
        z.strictObject({
          kind: z.enum(["reserved", "altered"]),
          cursor: cursorText.optional(),
          limit: pageLimit,
        }),
      )
      .query(({ ctx, input }) => ctx.latchkey.auth.users.listImported(input, toAdministrator(ctx))),
  };
}
