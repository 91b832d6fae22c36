/** The procedures that the SDK knows by name, as the service has them. */
const names = {
  obtain: "token.obtain",
  refresh: "token.refresh",
  revoke: "token.revoke",
  register: "account.register",
  me: "me.get",
  updateMe: "me.update",
  changePassword: "me.changePassword",
  permissions: "me.permissions",
} as const;

export type ProcedurePaths = Readonly<Record<keyof typeof names, string>>;

/** The full paths of these procedures in a router that has them below a path of its own, such as `auth`. */
export function createProcedurePaths(prefix = ""): ProcedurePaths {
  const paths = Object.entries(names).map(([key, name]) => [key, prefix ? `${prefix}.${name}` : name]);
  return Object.fromEntries(paths) as ProcedurePaths;
}
