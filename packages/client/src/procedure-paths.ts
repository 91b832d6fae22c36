/** Beside all that begin with `token.obtain`. */
const devicePaths = [
  ...["codes.start", "codes.resend", "me.devices.forget", "sessions.revokeOthers", "me.factors.removeOthers"],
  ...["me.phone.confirm", "me.phone.remove", "me.email.confirm", "me.email.remove"],
  ...["password.startReset", "password.reset", "recovery.setPassword", "account.stopChanges", "account.holdReset"],
];

const movingPaths = [
  ...["me.changePassword", "me.reauthenticate"],
  ...["me.devices.forget", "sessions.revokeOthers", "me.factors.removeOthers"],
];

interface Call {
  /** The full path of a procedure. */
  readonly path: string;
}

/**
 * The full paths of the procedures that the SDK knows by name, in a router that has them at the top, or below a path of its own such as
 * `auth`. The one table of them.
 */
export function createProcedurePaths(prefix = "") {
  const at = (name: string) => (prefix && `${prefix}.`) + name;
  const begins = ({ path }: Call, name: string) => path.startsWith(at(name));
  const isOneOf = ({ path }: Call, names: readonly string[]) => names.some((name) => path === at(name));
  return {
    /** The path of any other. */
    at,
    /** By a password, by a code (`token.obtainByCode`), by registering, or by recovery. */
    opensSession: (call: Call) =>
      begins(call, "token.obtain") || isOneOf(call, ["account.register"]) || begins(call, "recovery.set"),
    /** What answers new tokens of this session, or makes this device the only one that is known and answers its new mark. */
    movesOn: (call: Call) => isOneOf(call, movingPaths),
    /** What ends every session of the person, this one too. */
    endsSession: (call: Call) => isOneOf(call, ["me.delete"]),
    /** What takes the mark of this device, and may answer a new one: a refusal of strangers does not meet it. */
    showsDevice: (call: Call) => begins(call, "token.obtain") || isOneOf(call, devicePaths),
    /** What is asked for no second factor on a device that is remembered. */
    isRemembered: (call: Call) => isOneOf(call, ["token.obtain", "token.obtainByCode"]),
    /** What is about one's own account. */
    isOwn: (call: Call) => begins(call, "me."),
  };
}

export type ProcedurePaths = Readonly<ReturnType<typeof createProcedurePaths>>;
