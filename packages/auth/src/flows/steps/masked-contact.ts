import type { User } from "../../users/user.ts";
import type { Actor, Administrator } from "./authority.ts";
import type { Core } from "./core.ts";
import { findPermissions } from "./held-permissions.ts";

/** Who reads other people's data: absent for a program of the installation's own, and without a user for the operator. */
export type Reader = (Pick<Actor, "user" | "facts"> & Partial<Pick<Administrator, "held">>) | undefined;

/**
 * Whether a reader is shown phone numbers, e-mail addresses and IP addresses of others whole: who holds `auth.view_contact` at this moment,
 * the operator, and programs of the installation's own, which decide for themselves.
 */
export async function seesContact(core: Core, reader: Reader): Promise<boolean> {
  const user = reader?.user;
  if (!user || (user.isActive && user.isSuperuser)) return true;
  const held = reader.held ?? (await findPermissions(core, user));
  return held.includes("auth.view_contact");
}

/** Users as a reader is shown them; everybody sees themselves whole. */
export async function showUsers<Shown extends User>(
  core: Core,
  reader: Reader,
  users: readonly Shown[],
): Promise<Shown[]> {
  const isWhole = await seesContact(core, reader);
  return users.map((user) => showAs(isWhole, reader, user));
}

/** The same where it is known whether the reader sees contacts, as in a transaction, which is not to wait for another connection. */
export const showAs = <Shown extends User>(isWhole: boolean, reader: Reader, user: Shown): Shown =>
  isWhole || user.id === reader?.user?.id ? user : maskUser(user);

/** @see showUsers */
export async function showUser<Shown extends User>(core: Core, reader: Reader, user: Shown): Promise<Shown> {
  const [shown] = await showUsers(core, reader, [user]);
  return shown ?? user;
}

const maskUser = <Shown extends User>(user: Shown): Shown => ({
  ...user,
  phoneNumber: user.phoneNumber === null ? null : maskPhone(user.phoneNumber),
  email: user.email === null ? null : maskEmail(user.email),
});

const hidden = "•••";

/** `+90•••67`: enough to tell two numbers apart that somebody reads out, and no number. */
export function maskPhone(phoneNumber: string): string {
  return `${phoneNumber.slice(0, 3)}${hidden}${phoneNumber.slice(-2)}`;
}

/** `k•••@e•••.com` */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf("@");
  const domain = email.slice(at + 1);
  const ending = domain.includes(".") ? domain.slice(domain.lastIndexOf(".")) : "";
  return `${firstOf(email)}${hidden}@${firstOf(domain)}${hidden}${ending}`;
}

/** A name of another system, which may be a number or an address as well. */
export function maskName(name: string): string {
  if (name.includes("@")) return maskEmail(name);
  return /\p{Nd}{5}/u.test(name.replaceAll(/[^\p{L}\p{N}]/gu, "")) ? maskPhone(name) : name;
}

/** `192.0.•••`, `2001:db8:•••`: about the provider, and no connection. */
export function maskAddress(address: string): string {
  if (!address.includes(":")) return `${address.split(".").slice(0, 2).join(".")}.${hidden}`;
  const groups = address.split("::")[0]?.split(":").slice(0, 2) ?? [];
  return groups.filter(Boolean).length === 2 ? `${groups.join(":")}:${hidden}` : hidden;
}

/** The first character, also one of two code units. */
const firstOf = (text: string) => [...text.slice(0, 2)][0] ?? "";
