/**
 * The full paths of the procedures that the SDK knows by name, in a router that has them at the top, or below a path of its own such as
 * `auth`. The one table of them.
 */
export function createProcedurePaths(prefix = "") {
  const at = (name: string) => (prefix && `${prefix}.`) + name;
  return {
    obtain: at("token.obtain"),
    refresh: at("token.refresh"),
    revoke: at("token.revoke"),
    register: at("account.register"),
    me: at("me.get"),
    updateMe: at("me.update"),
    changePassword: at("me.changePassword"),
    permissions: at("me.permissions"),
  };
}

export type ProcedurePaths = Readonly<ReturnType<typeof createProcedurePaths>>;
