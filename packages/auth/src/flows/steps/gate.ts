import { sql } from "kysely";
import { hasRecoveryCodes } from "../../one-time-codes/recovery-code-store.ts";
import { secondsHeld } from "../../passwords/former-password-store.ts";
import { isUnusablePassword } from "../../passwords/unusable-password.ts";
import type { Queries } from "../../storage/database.ts";
import { type AccountState, type Evidence, mayOpen, type Purpose, type Verdict } from "../../ways-in/may-open.ts";
import { judgeName } from "../../ways-in/name-trust.ts";
import type { Core } from "./core.ts";
import { holdsRights } from "./second-factor-needed.ts";

/** An account as the gate looks at it, read at one moment. */
export interface GateAccount {
  readonly id: string;
  readonly state: AccountState;
  /** Canonical. */
  readonly phoneNumber: string | null;
  readonly emailKey: string | null;
  /** How often its devices were forgotten. */
  readonly deviceEpoch: number;
  /** Null for somebody who never signed in. */
  readonly lastLogin: Date | null;
  /** Whether it has a username, or is called something by an import. */
  readonly isNamedOtherwise: boolean;
  /** Names that were proved and are claims again, because somebody stopped their adding. */
  readonly stopped: { readonly phone: boolean; readonly email: boolean };
  /** The encoded hash. */
  readonly password: string;
  /** No password, passkey or proved address: its number is its key. */
  readonly isNumberOnly: boolean;
  /** Seconds since the password, or the first second factor, was set by a code that was sent; null for any other way. */
  readonly resetByCodeAgo: number | null;
  /** Seconds for which the reset of its password is held; null where it is not. */
  readonly heldSeconds: number | null;
  /** Seconds until an account of a test number ends; null for every other. */
  readonly testSeconds: number | null;
  readonly factors: {
    readonly hasTotp: boolean;
    readonly hasPasskey: boolean;
    /** Whether the settings ask this account for a second factor. */
    readonly isRequired: boolean;
  };
  /** The database's time at which it was read. */
  readonly now: Date;
}

interface Row {
  readonly id: string;
  readonly isActive: boolean;
  readonly isParked: boolean;
  readonly isNamedOtherwise: boolean;
  readonly isHolderOfRights: boolean;
  readonly password: string;
  readonly phoneNumber: string | null;
  readonly emailKey: string | null;
  readonly phoneProvedAt: Date | null;
  readonly phoneVouchedAt: Date | null;
  readonly emailProvedAt: Date | null;
  readonly phoneOpensAt: Date | null;
  readonly emailOpensAt: Date | null;
  readonly emailVouchedAt: Date | null;
  readonly testUntil: Date | null;
  readonly resetByCodeAt: Date | null;
  readonly heldSeconds: number | null;
  readonly deviceEpoch: number;
  readonly lastLogin: Date | null;
  readonly hasRecoveryCodes: boolean;
  readonly lastUsedAt: Date | null;
  readonly asksForFactor: boolean;
  readonly hasTotp: boolean;
  readonly hasPasskey: boolean;
  readonly isPasswordChangeDue: boolean;
  readonly now: Date;
}

/** Seconds for which what an administrator vouched for opens an account by code. */
const vouching = 7 * 86_400;

/** Stands for the account of an unknown name, so that looking for it is the same work. */
export const nobody = "00000000-0000-0000-0000-000000000000";

/**
 * Reads all of an account that the gate asks about, its rights among it; of nobody with the same work.
 *
 * @param isLocked whether its row is held until the transaction ends
 */
export async function readGateAccount(
  core: Core,
  db: Queries,
  id: string | null,
  { isLocked = false } = {},
): Promise<GateAccount | null> {
  // Locked first: what is read beside it is then of after whatever was waited for.
  if (isLocked) await sql`select from latchkey.users where id = ${id ?? nobody}::uuid for no key update`.execute(db);
  const { rows } = await sql<Row>`
    select u.id, u.is_active as "isActive", u.parked_at is not null as "isParked", u.password,
      u.username_key is not null or u.has_alias as "isNamedOtherwise",
      ${sql.raw(holdsRights("u"))} as "isHolderOfRights",
      u.phone_number as "phoneNumber", u.email_key as "emailKey",
      u.phone_proved_at as "phoneProvedAt", u.phone_vouched_at as "phoneVouchedAt",
      u.phone_opens_at as "phoneOpensAt", u.email_opens_at as "emailOpensAt",
      u.email_proved_at as "emailProvedAt", u.email_vouched_at as "emailVouchedAt", u.test_until as "testUntil",
      u.reset_by_code_at as "resetByCodeAt", u.second_factor_at is not null as "asksForFactor",
      exists (select from latchkey.totp_factors t where t.user_id = u.id) as "hasTotp",
      exists (select from latchkey.passkeys p where p.user_id = u.id) as "hasPasskey",
      u.password_change_due_at is not null as "isPasswordChangeDue",
      u.device_epoch as "deviceEpoch", u.last_login as "lastLogin",
      ${hasRecoveryCodes(sql<string>`u.id`)} as "hasRecoveryCodes", ${secondsHeld(sql<string>`u.id`)} as "heldSeconds",
      (select max(s.last_used_at) from latchkey.sessions s where s.user_id = u.id) as "lastUsedAt",
      latchkey.now() as now
    from latchkey.users u where u.id = ${id ?? nobody}::uuid`.execute(db.withoutPlugins());
  return rows[0] ? toGateAccount(core, rows[0]) : null;
}

function isSecondFactorRequired(core: Core, { isHolderOfRights, testUntil }: Row): boolean {
  const { secondFactor } = core.options;
  // Whoever reads the settings knows the code of a test number: a second factor would keep nobody out, and its account has no rights.
  if (testUntil !== null) return false;
  return secondFactor === "all" || (secondFactor === "staff" && isHolderOfRights);
}

function toGateAccount(core: Core, row: Row): GateAccount {
  const { phoneTrust, numberOnlyTrust } = core.options.codes;
  const { now, testUntil, isParked, isHolderOfRights, hasTotp, hasPasskey } = row;
  const hasPassword = !isUnusablePassword(row.password);
  const isNumberOnly = !hasPassword && !hasPasskey && row.emailProvedAt === null;
  const phone = judgeName(
    {
      isPresent: row.phoneNumber !== null,
      provedAt: row.phoneProvedAt,
      vouchedAt: row.phoneVouchedAt,
      opensAt: row.phoneOpensAt,
      lastUsedAt: isNumberOnly ? row.lastUsedAt : null,
    },
    { proof: isNumberOnly ? numberOnlyTrust : phoneTrust, vouching },
    now,
  );
  // An address is nobody else's one day because its owner left a carrier.
  const email = judgeName(
    {
      isPresent: row.emailKey !== null,
      provedAt: row.emailProvedAt,
      vouchedAt: row.emailVouchedAt,
      opensAt: row.emailOpensAt,
    },
    { proof: null, vouching },
    now,
  );
  const factors = { hasTotp, hasPasskey, isRequired: isSecondFactorRequired(core, row) };
  const isTest = row.phoneNumber !== null && core.challenges.isFixed(row.phoneNumber);
  return {
    id: row.id,
    phoneNumber: row.phoneNumber,
    emailKey: row.emailKey,
    deviceEpoch: row.deviceEpoch,
    lastLogin: row.lastLogin,
    isNamedOtherwise: row.isNamedOtherwise,
    stopped: {
      phone: row.phoneProvedAt === null && row.phoneOpensAt !== null,
      email: row.emailProvedAt === null && row.emailOpensAt !== null,
    },
    password: row.password,
    isNumberOnly,
    resetByCodeAgo: row.resetByCodeAt && (now.getTime() - row.resetByCodeAt.getTime()) / 1000,
    heldSeconds: row.heldSeconds,
    testSeconds: testUntil && Math.max(0, Math.ceil((testUntil.getTime() - now.getTime()) / 1000)),
    factors,
    now,
    state: {
      isActive: row.isActive && (testUntil === null || testUntil > now),
      isParked,
      isHolderOfRights,
      hasPassword,
      hasPasskey,
      isPasswordChangeDue: row.isPasswordChangeDue,
      hasRecoveryCodes: row.hasRecoveryCodes,
      hasSecondFactor: row.asksForFactor || factors.isRequired,
      // A test number opens what was made by it, and nothing that anybody else has.
      phone: testUntil !== null && isTest ? "trusted" : isTest && phone !== "none" ? "claimed" : phone,
      email,
    },
  };
}

/** Asks the gate what evidence opens. */
export function askGate(core: Core, account: GateAccount, evidence: readonly Evidence[], purpose: Purpose): Verdict {
  const { codes, django } = core.options;
  return mayOpen({
    account: account.state,
    evidence: new Set(evidence),
    purpose,
    rules: {
      signInByCode: codes.signInByCode,
      holdersByCode: codes.holdersByCode,
      holdersByOldToken: django?.dangerouslyAcceptTokensOfStaff ?? false,
    },
  });
}
