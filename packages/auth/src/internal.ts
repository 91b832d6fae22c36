// What other packages of Latchkey take beside the public entry. They have the same version; it may change in each.

export { isInputIssueCode } from "./errors.ts";
export { OldTokenRefused } from "./flows/steps/adopt-old-token.ts";
export { ownerMaxAge } from "./flows/steps/recent-authentication.ts";
export { escapeMisleading, isPlainLine, isPlainProse } from "./free-text.ts";
export { withHostAlone } from "./host-alone.ts";
export { isCountryCode, type PhoneResult, parsePhone } from "./identifiers/phone.ts";
export { defaultLimits } from "./messages/firewall-rules.ts";
export { findSendRefusal, sendRefusals } from "./messages/sender.ts";
export { parseTestNumbers } from "./messages/test-numbers.ts";
export { renderMessage, renderNotice } from "./messages/texts.ts";
export { rememberRules, secondFactorRules } from "./options.ts";
export { findSecretWeakness } from "./secrets.ts";
export { deviceName } from "./sessions/device-name.ts";
export { readBackup } from "./storage/backup-format.ts";
export { isPostgresUrl, parsePostgresUrl, sayHowToVerify } from "./storage/postgres-url.ts";
export { type LongConnection, openLongConnection } from "./storage/with-client.ts";
export { toNetwork, toPlainAddress } from "./throttling/address.ts";
export { limits as attemptLimits } from "./throttling/limits.ts";
export { tokenAlgorithms } from "./tokens/access-token.ts";
export { findChallenge } from "./tokens/challenge.ts";
export { jwksMaxAge } from "./tokens/key-ring.ts";
export { profileFields } from "./users/user.ts";
export { isUuid } from "./uuid.ts";
