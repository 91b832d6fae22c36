/**
 * The embedded server cannot be used: its folder, this machine or what was asked of it is not fit. `message` is one line that
 * says what to do next, and holds no password.
 */
export class EmbeddedPostgresError extends Error {
  override readonly name = "EmbeddedPostgresError";
}
