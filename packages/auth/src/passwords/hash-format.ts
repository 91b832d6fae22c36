/**
 * The beginning of an encoded password that says what a check costs: its format and its costs. PostgreSQL reads the pattern too.
 *
 * @example
 * kindOf("pbkdf2_sha256$600000$salt$…"); // "pbkdf2_sha256$600000"
 */
export const kindPattern = String.raw`^(?:bcrypt(?:_sha256|_sha1|_md5)?\$\$2[aby]\$\d\d|argon2\$[^$]*\$[^$]*\$[^$]*|[^$]*\$[^$]*)`;

const kind = new RegExp(kindPattern);

export function kindOf(encoded: string): string {
  return kind.exec(encoded)?.[0] ?? encoded;
}
