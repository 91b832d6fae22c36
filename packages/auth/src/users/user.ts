import { z } from "zod";
import { profileText as text } from "./profile-text.ts";

/**
 * The built-in part of the profile: what a person tells about themselves and may change. A team's own fields are declared in the options
 * and need no edit here. To build in another, add it here, say below what may be in it, and write one migration that adds its column in
 * snake_case; inputs, queries, answers and the SDK's types follow.
 */
export interface Profile {
  firstName: string;
  lastName: string;
  gender: "Male" | "Female" | null;
  country: string | null;
  city: string | null;
  state: string | null;
  /** Whether the person agreed to be contacted. */
  isApprovedToBeInTouch: boolean;
}

/** What may be in each field. */
export const profileFields = {
  firstName: text(150),
  lastName: text(150),
  gender: z.enum(["Male", "Female"]).nullable(),
  country: text(120).nullable(),
  city: text(120).nullable(),
  state: text(120).nullable(),
  isApprovedToBeInTouch: z.boolean(),
} satisfies { [Field in keyof Profile]: z.ZodType<Profile[Field]> };

/** What a new account may bring, and what `me.update` may change: any of the profile's fields and nothing else. */
export type ProfileChanges = { readonly [Field in keyof Profile]?: Profile[Field] | undefined };

/** A person as the service shows them: everything but the password. */
export interface User extends Profile {
  /** UUIDv7; the one thing about a user that never changes. */
  readonly id: string;
  /** As the person writes it; found by its folded form. Null for somebody who goes by a phone number or an e-mail address alone. */
  readonly username: string | null;
  /** E.164, or null. Proved by the person or vouched for by an administrator. */
  readonly phoneNumber: string | null;
  readonly email: string | null;
  readonly isActive: boolean;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  readonly dateJoined: Date;
  readonly lastLogin: Date | null;
}

/** The names of a user's fields, in the order in which they are shown. */
export const userFields = [
  "id",
  "username",
  "phoneNumber",
  "email",
  ...(Object.keys(profileFields) as (keyof Profile)[]),
  "isActive",
  "isStaff",
  "isSuperuser",
  "dateJoined",
  "lastLogin",
] as const satisfies readonly (keyof User)[];
