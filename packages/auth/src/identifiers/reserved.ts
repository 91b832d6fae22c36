import { toLatinImage } from "./confusables.ts";
import type { Username } from "./grammar.ts";

const imagesOfReserved = new Set(
  [
    "abuse account accounts admin admins administrator administrators anonymous api auth billing contact daemon everyone guest",
    "help helpdesk hostmaster info latchkey legal login logout mailerdaemon me mod moderator moderators myself nobody noreply",
    "null official operator owner password postmaster privacy register root sales security self service settings signin signout",
    "signup staff sudo superadmin superuser support sysadmin system undefined unknown username verified webmaster www",
  ].flatMap((line) => line.split(" ").map(toLatinImage)),
);

/**
 * Whether a username speaks for the service or for nobody (`admin`, `support`, `null`), so that no stranger may register it. What
 * looks like it does not get around it: `No-Reply`, `_admin_`, `ádmin`, `heIp` and a Cyrillic `арі` are reserved too. An
 * administrator may still create it.
 */
export function isReservedUsername({ username, key }: { readonly username: string; readonly key: Username }): boolean {
  // Both, because what capitals look like is lost in the key, and what is folded is not in the other.
  return imagesOfReserved.has(toLatinImage(username)) || imagesOfReserved.has(toLatinImage(key));
}
