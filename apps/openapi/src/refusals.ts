import { AuthError, type AuthErrorCode } from "@latchkey/auth";
import { findChallenge, toTrpcError } from "@latchkey/server/internal";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import type { Operation, Response, Schema } from "./document.ts";
import type { Procedure } from "./service.ts";

const busy = ["rate_limited", "overloaded"] as const;
const ofSignIn = ["refused_by_hook", "hook_failed", ...busy] as const;

const ofBearers: readonly AuthErrorCode[] = [
  "token_missing",
  "token_invalid",
  "token_expired",
  "session_ended",
  "account_disabled",
  // A thousand calls of one network that wait for their tokens to be checked.
  "rate_limited",
];

const ofStart = ["permission_denied", "reauthentication_required", ...busy] as const;
const ofRemove = [
  "invalid_input",
  "permission_denied",
  "reauthentication_required",
  "refused_by_hook",
  "hook_failed",
] as const;
const ofPasskey = ["invalid_credentials", "code_expired", "permission_denied", ...busy] as const;
const ofConfirm = [
  "code_invalid",
  "code_expired",
  "permission_denied",
  "reauthentication_required",
  "identifier_taken",
  ...ofSignIn,
] as const;

/** What each procedure refuses beyond what every one of its kind does. Those of {@link refusalsOf} are not repeated. */
export const ownRefusals: Readonly<Record<string, readonly AuthErrorCode[]>> = {
  "token.obtain": ["invalid_credentials", "second_factor_required", "password_change_required", ...ofSignIn],
  "token.obtainByCode": [
    "code_invalid",
    "code_expired",
    "second_factor_required",
    "password_change_required",
    ...ofSignIn,
  ],
  "token.obtainByNewPassword": ["code_invalid", "password_rejected", "second_factor_required", ...ofSignIn],
  "token.obtainByPasskey": ["refused_by_hook", "hook_failed", ...ofPasskey],
  "token.obtainByRedirect": ["code_invalid", ...ofSignIn],
  "token.obtainBySecondFactor": ["code_invalid", "invalid_credentials", "code_expired", ...ofSignIn],
  "token.enrollTotp": ["code_invalid", ...busy],
  // Of the purpose `reauthenticate` alone: the token of the caller.
  "codes.start": [...ofBearers, ...busy],
  "codes.resend": ["code_invalid", ...busy],
  "token.refresh": ["refresh_token_invalid", "refresh_token_reused", "session_ended", "account_disabled", ...busy],
  "token.verify": busy,
  "account.register": [
    "registration_closed",
    "password_rejected",
    "identifier_taken",
    "code_invalid",
    "second_factor_required",
    ...ofSignIn,
  ],
  "passkeys.start": ["permission_denied"],
  "passkeys.startSecondFactor": ["code_invalid", "permission_denied", ...busy],
  "passkeys.startEnrolling": ["code_invalid", "permission_denied", ...busy],
  "account.stopChanges": busy,
  "account.holdReset": ["invalid_credentials", ...busy],
  "me.phone.start": ofStart,
  "me.phone.confirm": ofConfirm,
  "me.phone.remove": ofRemove,
  "me.email.start": ofStart,
  "me.email.confirm": ofConfirm,
  "me.email.remove": ofRemove,
  "me.pending.stop": ["not_found"],
  "me.update": ["refused_by_hook", "hook_failed"],
  "me.totp.start": ["reauthentication_required", "permission_denied"],
  "me.totp.confirm": ["code_invalid", "reauthentication_required"],
  "me.totp.remove": ["reauthentication_required", "permission_denied", "not_found"],
  "me.passkeys.start": ["reauthentication_required", "permission_denied"],
  "me.passkeys.add": ["reauthentication_required", ...ofPasskey],
  "me.passkeys.rename": ["not_found"],
  "me.factors.removeOthers": ["reauthentication_required", "permission_denied", "not_found"],
  "me.passkeys.remove": ["reauthentication_required", "permission_denied", "not_found"],
  "me.passkeys.startReauthentication": ["not_found", "permission_denied"],
  "me.rememberedDevices.end": ["not_found"],
  "me.reauthenticate": ["invalid_credentials", "second_factor_required", "code_invalid", "code_expired", ...busy],
  "me.export": ["reauthentication_required"],
  "me.delete": ["reauthentication_required", "permission_denied"],
  "me.recoveryCodes.create": ["reauthentication_required", "permission_denied"],
  "me.recoveryCodes.stop": ["not_found"],
  "me.changePassword": ["invalid_credentials", "password_rejected", "reauthentication_required", ...ofSignIn],
  "sessions.revoke": ["not_found"],
  "password.startReset": busy,
  "password.reset": ["second_factor_required", "code_invalid", "code_expired", "password_rejected", ...busy],
  "recovery.start": ["code_invalid", ...busy],
  "recovery.startPasskey": ["code_invalid", "permission_denied", ...busy],
  "recovery.setPasskey": ["code_invalid", ...ofPasskey],
  "recovery.setPassword": ["code_invalid", "password_rejected", "permission_denied", "second_factor_required", ...busy],
  "users.get": ["not_found"],
  "users.create": ["identifier_taken", "refused_by_hook", "hook_failed", "reauthentication_required"],
  "users.update": [
    "not_found",
    "identifier_taken",
    "changed_meanwhile",
    "refused_by_hook",
    "hook_failed",
    "reauthentication_required",
  ],
  "users.delete": ["not_found", "reauthentication_required"],
  "users.setGroups": ["not_found", "changed_meanwhile", "reauthentication_required"],
  "users.setPermissions": ["not_found", "changed_meanwhile", "reauthentication_required"],
  "users.unlock": ["not_found", "reauthentication_required"],
  "users.createPasswordCode": ["not_found", "reauthentication_required"],
  "users.listSessions": ["not_found"],
  "users.listPendingChanges": ["not_found"],
  "users.getWaysIn": ["not_found"],
  "users.stopPendingChange": ["not_found"],
  "users.endSessions": ["not_found", "reauthentication_required"],
  "users.requirePasswordChange": ["not_found", "reauthentication_required"],
  "users.resetSecondFactor": ["not_found", "reauthentication_required"],
  "groups.get": ["not_found"],
  "groups.create": ["identifier_taken"],
  "groups.update": ["not_found", "identifier_taken", "changed_meanwhile", "reauthentication_required"],
  "groups.delete": ["not_found", "reauthentication_required"],
  "audit.export": ["reauthentication_required"],
  "permissions.declare": ["identifier_taken"],
  "service.rotateKeys": ["reauthentication_required"],
};

/** Everything that a procedure may refuse, in the order of its statuses. */
export function refusalsOf({ name, meta: { access }, input }: Procedure): AuthErrorCode[] {
  const needsMore = access === "staff" || typeof access === "object";
  const all: AuthErrorCode[] = [
    ...(input ? (["invalid_input"] as const) : []),
    ...(access === "public" ? [] : ofBearers),
    ...(needsMore ? (["permission_denied"] as const) : []),
    ...(ownRefusals[name] ?? []),
    "unavailable",
  ];
  return [...new Set(all)].sort((a, b) => statusOf(a) - statusOf(b));
}

export function statusOf(reason: AuthErrorCode): number {
  return getHTTPStatusCodeFromError(toTrpcError(new AuthError(reason, reason)));
}

/** The responses of a procedure's refusals, by status. Every other is in `default`: of HTTP itself, and the masked 500 of a defect. */
export function toResponses(reasons: readonly AuthErrorCode[]): Operation["responses"] {
  const byStatus = reasons.map((reason) => [
    statusOf(reason),
    { $ref: `#/components/responses/${nameOf(statusOf(reason))}` },
  ]);
  return { ...Object.fromEntries(byStatus), default: { $ref: "#/components/responses/Refused" } };
}

const nameOf = (status: number) => `Refused${status}`;

/** One response for each status, and the one that stands for whatever else is refused. */
export function describeRefusals(reasons: readonly AuthErrorCode[]): Readonly<Record<string, Response>> {
  const byStatus = Map.groupBy(reasons.toSorted(), statusOf);
  const responses = [...byStatus].map(([status, some]) => [nameOf(status), describe(status, some)]);
  return { ...Object.fromEntries(responses.sort()), Refused: refused };
}

function describe(status: number, reasons: readonly AuthErrorCode[]): Response {
  const headers = {
    ...requestId,
    ...(reasons.some((reason) => findChallenge(reason)) && { "WWW-Authenticate": header("WWW-Authenticate") }),
    ...([429, 503].includes(status) && { "Retry-After": header("Retry-After") }),
  };
  return { description: `One of ${reasons.map((reason) => `\`${reason}\``).join(", ")}`, headers, content: refusal };
}

const header = (name: string): Schema => ({ $ref: `#/components/headers/${name}` });
export const requestId = { "X-Request-Id": header("X-Request-Id") };

const refusal = { "application/json": { schema: { $ref: "#/components/schemas/RefusalAnswer" } } };

/** What every refusal is in. */
export const refusalAnswer: Schema = {
  type: "object",
  properties: { error: { $ref: "#/components/schemas/Refusal" } },
  required: ["error"],
};

const refused: Response = {
  description:
    "Refused. `error.data.reason` says why, from a closed set; null is a defect of the service, whose cause is in its log under `X-Request-Id`.",
  headers: {
    ...requestId,
    "WWW-Authenticate": header("WWW-Authenticate"),
    "Retry-After": header("Retry-After"),
  },
  content: refusal,
};

export const headers: Readonly<Record<string, Schema>> = {
  "X-Request-Id": { description: "Stands in the log lines about the request.", schema: { type: "string" } },
  "Retry-After": {
    description: "Seconds after which trying again can help: the longest of a batch. Also in `error.data.retryAfter`.",
    schema: { type: "integer", minimum: 1 },
  },
  "WWW-Authenticate": {
    description:
      "The challenge of RFC 6750 §3, where the bearer token of this call was the trouble, or of RFC 9470 §3, where its person has to show again who they are.",
    schema: { type: "string" },
  },
};
