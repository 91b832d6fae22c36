import type { Username } from "./grammar.ts";

const reservedUsernames = new Set(
  [
    "abuse account accounts admin admins administrator administrators anonymous api auth billing contact daemon everyone guest",
    "help helpdesk hostmaster info latchkey legal login logout mailerdaemon me mod moderator moderators myself nobody noreply",
    "null official operator owner password postmaster privacy register root sales security self service settings signin signout",
    "signup staff sudo superadmin superuser support sysadmin system undefined unknown username verified webmaster www",
  ].flatMap((line) => line.split(" ")),
);

/**
 * Whether a username speaks for the service or for nobody (`admin`, `support`, `null`), so that no stranger may register it.
 * Accents and `_ - .` do not get around it: `No-Reply`, `_admin_` and `ádmin` are reserved too. An administrator may still create it.
 */
export function isReservedUsername(key: Username): boolean {
  return reservedUsernames.has(key.normalize("NFD").replace(/[\p{M}_.-]/gu, ""));
}
