import type { CorePermission, PermissionOf } from "./permissions/permission.ts";
import type { InputOf, OutputOf, ProfileFields } from "./users/profile.ts";
import type { ProfileChanges, User } from "./users/user.ts";

/** What the types of an installation depend on. */
export interface Config {
  /** The profile's own fields, as they are shown. */
  readonly profile: object;
  /** The same, as they are given. */
  readonly profileInput: object;
  /** Every permission that is declared. */
  readonly permission: string;
}

/** The config of given options. */
export interface ConfigOf<Fields extends ProfileFields, Declared extends readonly string[]> {
  readonly profile: OutputOf<Fields>;
  readonly profileInput: InputOf<Fields>;
  readonly permission: CorePermission | PermissionOf<Declared[number]>;
}

/** An installation without fields or permissions of its own. */
export interface PlainConfig {
  readonly profile: object;
  readonly profileInput: object;
  readonly permission: CorePermission;
}

/** A person, with the fields that the installation declares. */
export type UserOf<C extends Config> = User & C["profile"];

/** Any of the profile's fields. */
export type ProfileChangesOf<C extends Config> = ProfileChanges & Partial<C["profileInput"]>;
