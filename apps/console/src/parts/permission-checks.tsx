import type { ReactElement } from "react";
import { useSession } from "../session.tsx";
import { Check } from "./check.tsx";
import type { Chosen } from "./use-checked-items.ts";

/** Permissions to tick: those that one holds, since nobody can give others, and those that are there already. */
export function PermissionChecks({ before, chosen, choose }: Chosen): ReactElement {
  const { permissions: held } = useSession();
  const all = [...new Set([...held, ...before])].sort();
  return (
    <ul className="checks">
      {all.map((permission) => (
        <li key={permission}>
          <Check isSelected={chosen.has(permission)} onChange={(is) => choose(permission, is)}>
            <code dir="ltr">{permission}</code>
          </Check>
        </li>
      ))}
    </ul>
  );
}
