import { availableParallelism } from "node:os";
import type { AuthOptions } from "@latchkey/auth";
import type { Settings } from "./environment.ts";
import { toCodeOptions } from "./messages/message-settings.ts";
import { findPasskeys } from "./passkey-settings.ts";

/** What the core is told, once the secret is known, or the secrets. */
export function toAuthOptions(settings: Settings, secret: AuthOptions["secret"]): AuthOptions {
  const passkeys = findPasskeys(settings);
  return {
    secret,
    tokens: {
      algorithm: settings.TOKEN_ALGORITHM,
      profile: settings.TOKEN_PROFILE,
      issuer: settings.TOKEN_ISSUER,
      audience: settings.TOKEN_AUDIENCE,
      externalId: settings.TOKEN_EXTERNAL_ID === "yes",
      lifetime: settings.ACCESS_TOKEN_LIFETIME,
      keyLifetime: settings.SIGNING_KEY_LIFETIME,
    },
    ...(settings.LEGACY_SECRET_KEY && {
      django: {
        secretKey: settings.LEGACY_SECRET_KEY,
        acceptTokensUntil: settings.LEGACY_UNTIL,
        source: settings.LEGACY_SOURCE,
        dangerouslyAcceptTokensOfStaff: settings.LEGACY_STAFF === "yes",
        frozenAt: settings.LEGACY_FROZEN_AT,
      },
    }),
    passwords: {
      cost: settings.PASSWORD_COST,
      format: settings.PASSWORD_HASH === "argon2id" ? "argon2id" : settings.PASSWORD_FORMAT,
      memory: settings.PASSWORD_MEMORY,
      minimumLength: settings.PASSWORD_MIN_LENGTH,
      blockedWords: settings.PASSWORD_BLOCKED_WORDS,
      ...(settings.LEGACY_HASHES_UNTIL && { weakHashesUntil: settings.LEGACY_HASHES_UNTIL }),
      hashConcurrency: countHashesAtOnce(settings),
    },
    sessions: {
      lifetime: settings.SESSION_LIFETIME,
      idleLifetime: settings.SESSION_IDLE_LIFETIME,
      refreshGrace: settings.REFRESH_GRACE,
      refreshRetry: settings.REFRESH_RETRY,
      perUser: settings.SESSIONS_PER_USER,
      endedRetention: settings.ENDED_SESSIONS_RETENTION,
    },
    registration: settings.REGISTRATION,
    secondFactor: settings.SECOND_FACTOR,
    recoveryRemovesFactors: settings.RECOVERY_REMOVES_FACTORS === "yes",
    rememberedDevices: { lifetime: settings.REMEMBER_DEVICE, of: settings.REMEMBER_DEVICE_OF },
    ...(passkeys && !("fault" in passkeys) && { passkeys }),
    auditRetention: settings.AUDIT_RETENTION,
    ...(settings.INACTIVE_RETENTION !== undefined && { inactiveRetention: settings.INACTIVE_RETENTION }),
    ...(settings.CONSENT_TEXT_VERSION !== undefined && { consentTextVersion: settings.CONSENT_TEXT_VERSION }),
    parkedRetention: settings.PARKED_RETENTION,
    callBudgets: { own: settings.CHANGES_PER_MINUTE, administration: settings.ADMINISTRATION_PER_MINUTE },
    auditReads: settings.AUDIT_READS === "yes",
    phones: { defaultCountry: settings.PHONE_DEFAULT_COUNTRY },
    codes: toCodeOptions(settings),
  };
}

/** One more than cores in all processes together, so that none rests while what became of a hash is looked at. */
export const countHashesAtOnce = ({ WORKERS }: Pick<Settings, "WORKERS">): number =>
  Math.ceil((availableParallelism() + 1) / WORKERS);
