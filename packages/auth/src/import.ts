// What `@latchkey/import` is built from; this file is no entry of what is published here.
export { AuthError, StartError } from "./errors.ts";
export { escapeMisleading, isPlainLine } from "./free-text.ts";
export { comparedForms } from "./identifiers/compared-forms.ts";
export { parseEmail } from "./identifiers/email.ts";
export { parseIdentifier } from "./identifiers/identifier.ts";
export { readInput } from "./identifiers/input-text.ts";
export {
  type CountryCode,
  isAmbiguousPhone,
  isCountryCode,
  type PhoneOptions,
  parsePhone,
} from "./identifiers/phone.ts";
export { parseUsername } from "./identifiers/username.ts";
export { importLock, stagingTables } from "./imported-users/staging-store.ts";
export { readWeakHash, wrapWeakDigest } from "./passwords/bcrypt.ts";
export { readStoredPassword } from "./passwords/django.ts";
export { kindOf } from "./passwords/hash-format.ts";
export { parseGroupName } from "./permissions/group-name.ts";
export { permissionPattern } from "./permissions/permission.ts";
export { processIdOf } from "./storage/abandoned-connections.ts";
export { givenPool, isShared } from "./storage/database.ts";
export { isPostgresUrl, parsePostgresUrl, sayHowToVerify } from "./storage/postgres-url.ts";
export { withClient } from "./storage/with-client.ts";
export { fetchText } from "./tokens/fetch-json.ts";
export { isStorable } from "./users/profile.ts";
export { profileFields } from "./users/user.ts";
export { createUuid } from "./uuid.ts";
