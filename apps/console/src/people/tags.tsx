import type { User } from "@latchkey/client";
import type { ReactElement } from "react";
import { useTexts } from "../language.tsx";

/** What stands out about an account, in words beside the colour. */
export function Tags({ user }: { readonly user: Pick<User, "isActive" | "isStaff" | "isSuperuser"> }): ReactElement {
  const { status } = useTexts();
  return (
    <span className="tags">
      {!user.isActive && <span className="tag bad">{status.disabled}</span>}
      {user.isSuperuser && <span className="tag strong">{status.superuser}</span>}
      {user.isStaff && !user.isSuperuser && <span className="tag">{status.staff}</span>}
    </span>
  );
}
