import type { Permission } from "@latchkey/client";
import type { Texts } from "../languages/en.ts";

interface Place {
  readonly to: string;
  readonly name: keyof Texts["places"];
  /** What shows it. */
  readonly permission: Permission;
}

/** What there is to see, in the order in which it is shown. */
const places: readonly Place[] = [
  { to: "/overview", name: "overview", permission: "auth.view_service" },
  { to: "/people", name: "people", permission: "auth.view_user" },
  { to: "/groups", name: "groups", permission: "auth.view_group" },
  { to: "/messages", name: "messages", permission: "auth.view_service" },
  { to: "/audit", name: "audit", permission: "auth.view_auditevent" },
  { to: "/keys", name: "keys", permission: "auth.view_service" },
  { to: "/settings", name: "settings", permission: "auth.view_setting" },
  { to: "/health", name: "health", permission: "auth.view_service" },
];

/** What somebody may see of it; nothing for most people. */
export const findPlaces = (permissions: ReadonlySet<string>): readonly Place[] =>
  places.filter(({ permission }) => permissions.has(permission));
