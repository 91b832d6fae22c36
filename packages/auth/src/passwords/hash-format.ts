const pattern = String.raw`^(?:bcrypt(?:_sha256|_sha1|_md5)?\$\$2[aby]\$\d\d|argon2\$[^$]*\$[^$]*\$[^$]*|[^$]*\$[^$]*)`;

const kind = new RegExp(pattern);

/**
 * The beginning of an encoded password that says what a check costs: its format and its costs.
 *
 * @example
 * kindOf("pbkdf2_sha256$600000$salt$…"); // "pbkdf2_sha256$600000"
 */
export function kindOf(encoded: string): string {
  return kind.exec(encoded)?.[0] ?? encoded;
}

/** The same of `password` in SQL, empty for what has no kind. What most hashes are is told without the pattern, in a tenth of the time. */
export const kindInSql = String.raw`case
  when password like 'bcrypt\_sha256$$2b$__$%' then left(password, 20)
  when password like 'pbkdf2\_%$%' then split_part(password, '$', 1) || '$' || split_part(password, '$', 2)
  else coalesce(substring(password from '${pattern}'), '') end`;
