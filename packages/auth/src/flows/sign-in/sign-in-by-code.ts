import { recordEvent } from "../../audit/audit-log.ts";
import { insertTicket, type TicketUse } from "../../challenges/ticket-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { markProved, recordProof, recordSignInByCode } from "../../users/user-store.ts";
import { toAuthentication } from "../steps/authentication-methods.ts";
import { codeRefused, type RightCode, toEvidence, withRightCode } from "../steps/check-code.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { askGate, type GateAccount } from "../steps/gate.ts";
import {
  type AnsweredSession,
  answerSignIn,
  type SignedInDevice,
  type SignInAnswer,
} from "../steps/issue-session-tokens.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { findKnownDevice } from "../steps/known-device.ts";
import { askForMore, halfSignInRefused, type LackingSignIn, type MoreAsked } from "../steps/new-password.ts";
import { openSession } from "../steps/open-session.ts";
import { findRememberedDevice, type RememberedSignIn } from "../steps/remembered-device.ts";
import { tellHook } from "../steps/tell-hooks.ts";

export interface SignInByCodeInput {
  /** What `codes.start` answered. */
  readonly challenge: string;
  /** As the person types it: in the digits of any script, with spaces. */
  readonly code: string;
  readonly deviceMark?: string | undefined;
  /** What `signInBySecondFactor` answered with `remember`: on that device the code is enough while it is remembered. */
  readonly rememberMark?: string | undefined;
  /** What to call the device in the list of sessions. */
  readonly deviceName?: string | undefined;
}

/** What somebody gets who has proved a number or an address, and cannot be signed in by that alone. */
export interface TicketAnswer {
  /** For `account.register`, or beside the account's password for `token.obtain`; once, within 15 minutes. */
  readonly ticket: string;
  readonly ticketExpiresAt: Date;
  /** `another_way`: an account has the number, and wants another way in besides. */
  readonly next: TicketUse;
}

/** What a right code is answered with. */
export type CodeAnswer<Person extends User = User> = SignInAnswer<Person> | TicketAnswer;

type Outcome = ({ readonly opened: AnsweredSession } & SignedInDevice) | MoreAsked | TicketAnswer;

/**
 * Signs a person in by the code that was sent to them. For `enter` whoever has proved a number that is nobody's gets a ticket to register;
 * where the account that has it asks for more, a ticket for another way.
 *
 * @throws AuthError `code_invalid`, `code_expired`, `second_factor_required` and `password_change_required` once the code was right, `rate_limited`, `refused_by_hook`,
 * `hook_failed`
 */
export async function signInByCode(core: Core, input: SignInByCodeInput, facts: RequestInfo): Promise<CodeAnswer> {
  const { challenge, code, deviceMark } = input;
  const found = await core.challenges.find(challenge);
  const purpose = found?.purpose === "enter" ? "enter" : "sign_in";
  const outcome = await withRightCode(
    core,
    { challenge, code, purpose, deviceMark },
    facts,
    async (transaction, right) => {
      const { holder } = right;
      if (!holder) return proveNobodys(core, transaction, right, facts);
      const deviceId = findKnownDevice(core, holder, deviceMark);
      const toCheck = { account: holder, mark: input.rememberMark, facts };
      const remembered = await findRememberedDevice(core, transaction, toCheck);
      const evidence = [...toEvidence(right, deviceId), ...(remembered ? (["remembered_device"] as const) : [])];
      const { opens } = askGate(core, holder, evidence, purpose);
      if (opens === "session") {
        if (deviceId === null && holder.lastLogin !== null)
          await keepNotice(core, transaction, { userId: holder.id, kind: "new_device", facts });
        const { deviceName } = input;
        const opened = await open(core, transaction, { right, holder, remembered, deviceName, facts });
        return { opened, deviceId, deviceEpoch: holder.deviceEpoch };
      }
      if (opens === "second_factor" || opens === "new_password") {
        const { deviceName } = input;
        return ask(core, transaction, { right, holder, purpose, lacks: opens, deviceId, deviceName, facts });
      }
      if (purpose !== "enter") throw codeRefused();
      return giveTicket(transaction, { right, opens: "another_way", facts });
    },
  );
  if ("methods" in outcome || "newPassword" in outcome) throw halfSignInRefused(outcome);
  return "opened" in outcome ? answerSignIn(core, outcome.opened, outcome) : outcome;
}

async function proveNobodys(core: Core, transaction: Queries, right: RightCode, facts: RequestInfo): Promise<Outcome> {
  if (right.checked.purpose !== "enter" || core.options.registration === "closed") throw codeRefused();
  return giveTicket(transaction, { right, opens: "register", facts });
}

interface TicketToGive {
  readonly right: RightCode;
  readonly opens: TicketUse;
  readonly facts: RequestInfo;
}

async function giveTicket(transaction: Queries, { right, opens, facts }: TicketToGive): Promise<TicketAnswer> {
  const { target, holder } = right;
  await right.consume();
  const userId = holder?.id ?? null;
  const { ticket, expiresAt } = await insertTicket(transaction, { ...target, opens, userId });
  const about = { ...facts, actorId: null, subjectId: userId };
  await recordEvent(transaction, { event: "ticket_issued", kind: target.kind, opens }, about);
  return { ticket, ticketExpiresAt: expiresAt, next: opens };
}

interface Half extends Omit<Opening, "remembered">, Pick<LackingSignIn, "lacks"> {
  readonly purpose: "enter" | "sign_in";
  readonly deviceId: string | null;
}

/** The code is used up and proves the name; what it would have opened waits for what else is asked. */
async function ask(
  core: Core,
  transaction: Queries,
  { right, holder, purpose, lacks, deviceId, deviceName, facts }: Half,
): Promise<MoreAsked> {
  const { kind, address } = right.target;
  await right.consume();
  if (!core.challenges.isFixed(address)) await recordProof(transaction, holder.id, kind);
  return askForMore(core, transaction, {
    account: holder,
    lacks,
    evidence: toEvidence(right, deviceId),
    purpose,
    by: "code",
    identifier: kind,
    deviceId,
    deviceName,
    facts,
  });
}

interface Opening {
  readonly right: RightCode;
  readonly holder: GateAccount;
  readonly remembered: RememberedSignIn | null;
  readonly deviceName: string | undefined;
  readonly facts: RequestInfo;
}

async function open(
  core: Core,
  transaction: Queries,
  { right, holder, remembered, deviceName, facts }: Opening,
): Promise<AnsweredSession> {
  const { kind, address } = right.target;
  // A test number proves nothing.
  const proved = core.challenges.isFixed(address) ? {} : markProved(kind);
  await right.consume();
  const user = await recordSignInByCode(transaction, core.profile, { id: holder.id, proved });
  if (!user) throw codeRefused();
  const atMost = holder.testSeconds ?? undefined;
  const authentication = toAuthentication(toEvidence(right, null));
  const opened = await openSession(core, transaction, {
    user,
    facts,
    deviceName,
    by: "code",
    authentication,
    atMost,
    remembered,
    signIn: { identifier: kind, by: "code" },
  });
  await tellHook(core, transaction, "signedIn", { user, session: opened.session, request: facts });
  return opened;
}
