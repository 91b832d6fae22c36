/** What is to be done before users come back, by the command that does it: a backup knows nothing of what was taken away since. */
export const afterRestore: readonly (readonly [command: string, when: string])[] = [
  ["latchkey grants --role", "if the service runs as a role that owns nothing: the schema is a new one"],
  ["latchkey replay-erasures", "with the list that is kept beside the backups: who was deleted since is back"],
  ["latchkey end-sessions --all --yes", "unless you know that no session was ended since, and no password changed"],
  ["latchkey rotate-keys --compromised", "if it was run since"],
  ["latchkey require-password-change", "for whom the audit trail's copy elsewhere has another password since"],
  ["latchkey disable", "for whom it has as disabled since; and revoke what it has as revoked"],
];

/** The same for a person, a line each. */
export const describeAfterRestore = (): string =>
  afterRestore.map(([command, when]) => `  ${command}: ${when}`).join("\n");
