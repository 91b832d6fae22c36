const devicePaths = [
  ...["codes.start", "codes.resend", "token.obtain", "token.obtainByCode", "token.obtainBySecondFactor"],
  ...["token.obtainByPasskey", "token.obtainByNewPassword"],
  ...["me.devices.forget", "sessions.revokeOthers", "me.factors.removeOthers"],
  ...["me.phone.confirm", "me.phone.remove", "me.email.confirm", "me.email.remove"],
  ...["password.startReset", "password.reset", "recovery.setPassword", "account.stopChanges", "account.holdReset"],
];

const movingPaths = [
  ...["me.changePassword", "me.reauthenticate"],
  ...["me.devices.forget", "sessions.revokeOthers", "me.factors.removeOthers"],
];

/**
 * The full paths of the procedures that the SDK knows by name, in a router that has them at the top, or below a path of its own such as
 * `auth`. The one table of them.
 */
export function createProcedurePaths(prefix = "") {
  const at = (name: string) => (prefix && `${prefix}.`) + name;
  return {
    /** The path of any other. */
    at,
    /** By a password, by a code (`token.obtainByCode`), by registering, or by recovery. */
    opensSession: ({ path }: { path: string }) =>
      path.startsWith(at("token.obtain")) || path === at("account.register") || path.startsWith(at("recovery.set")),
    /** What answers new tokens of this session, or makes this device the only one that is known and answers its new mark. */
    movesOn: ({ path }: { path: string }) => movingPaths.some((name) => path === at(name)),
    /** What ends every session of the person, this one too. */
    endsSession: ({ path }: { path: string }) => path === at("me.delete"),
    /** What takes the mark of this device, and may answer a new one: a refusal of strangers does not meet it. */
    showsDevice: ({ path }: { path: string }) => devicePaths.some((name) => path === at(name)),
    /** What is asked for no second factor on a device that is remembered. */
    isRemembered: ({ path }: { path: string }) => path === at("token.obtain") || path === at("token.obtainByCode"),
    /** What all that is about one's own account begins with. */
    me: at("me."),
  };
}

export type ProcedurePaths = Readonly<ReturnType<typeof createProcedurePaths>>;
