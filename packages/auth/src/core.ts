import type { AuditEvent } from "./audit/audit-event.ts";
import { createAuditWorker } from "./audit/audit-worker.ts";
import { createDenials } from "./audit/denials.ts";
import { listenToEvents } from "./audit/event-listener.ts";
import { createSealer } from "./audit/sealer.ts";
import { createAuditStream } from "./audit/stream.ts";
import { createChallenges } from "./challenges/challenges.ts";
import { createPermissionReader } from "./flows/authentication/authorize.ts";
import { createCallerReader } from "./flows/authentication/read-caller.ts";
import { createTokenVerification } from "./flows/authentication/verify-token.ts";
import { createCallerColumns } from "./flows/steps/caller-row.ts";
import type { Core } from "./flows/steps/core.ts";
import { tellNoticeHook } from "./flows/steps/tell-notice-hook.ts";
import { createFirewall } from "./messages/firewall.ts";
import { readTestNumbers, toFirewallLimits, toRenderOptions } from "./messages/messages-option.ts";
import { findNoticeChannels, sendDueNotices } from "./messages/notice-outbox.ts";
import { createOutbox, type Outbox } from "./messages/outbox.ts";
import { renderMessage, renderNotice } from "./messages/texts.ts";
import type { ResolvedOptions } from "./options.ts";
import { createPasswords } from "./passwords/passwords.ts";
import { createSecretKeys, type Keys, type SecretKeys } from "./secret-keys/secret-keys.ts";
import { deriveKey, type KeyPurpose } from "./secrets.ts";
import { listenToSessions } from "./sessions/session-listener.ts";
import { noteUses, touchSessions, type Use } from "./sessions/session-store.ts";
import { batchQuery } from "./storage/batch-query.ts";
import { isStorageUnavailable, type Queries, type Storage } from "./storage/database.ts";
import { createCallLimiter } from "./throttling/call-budgets.ts";
import { createLanes, createSharedLanes } from "./throttling/lanes.ts";
import { createRefusalDelay } from "./throttling/refusal-delay.ts";
import { createThrottle } from "./throttling/throttle.ts";
import { clockLeeway } from "./tokens/access-token.ts";
import { createKeyRing } from "./tokens/key-ring.ts";
import { sharedKeyId } from "./tokens/signing-key.ts";
import { cacheVerifiedTokens } from "./tokens/verified-tokens.ts";
import { createWebhooks } from "./webhooks/webhooks.ts";

/** All who wait in a line wait for the same database. */
const line = { concernsAll: isStorageUnavailable };

/** Opens the rooms on a database. */
export function createCore({ db, prepare }: Storage, options: ResolvedOptions): Core {
  const { tokens, passwords, django, clock, secrets } = options;
  const keyRing = createKeyRing({
    db,
    sealingKeys: deriveKeys(secrets, "signing-keys"),
    algorithm: tokens.algorithm,
    overlapSeconds: tokens.lifetime + clockLeeway,
  });
  const secretKeys = createSecretKeys({ db, secrets, clock, findEarlierSecret: keyRing.findSealer });
  const verification = createTokenVerification({
    options,
    findRingKey: keyRing.findVerificationKey,
    lanes: createLanes({ atOnce: 2, mayWait: 1_000 }),
  });
  const callerColumns = createCallerColumns(options.profile);
  const webhooks = createWebhooks({ db, watch: options.watch, ...options.webhooks });
  const trail = createTrail(db, options, secretKeys);
  const onEvent = (event: AuditEvent) => {
    options.onAuditEvent?.(event);
    trail.auditWorker.noteEvent();
  };
  listenToEvents(db, { onEvent, onWebhooks: webhooks.wake });
  if (options.onSessionChange) listenToSessions(db, options.onSessionChange);
  return {
    db,
    clock,
    options,
    profile: options.profile,
    callerColumns,
    keyRing,
    passwords: createPasswords({
      format: passwords.format,
      memory: passwords.memory,
      cost: passwords.cost,
      concurrency: passwords.hashConcurrency,
      queueLimit: passwords.hashQueueLimit,
      watch: options.watch,
    }),
    secretKeys,
    refreshKeys: () => toBytes(secretKeys.keysOf("refresh-tokens")),
    deviceKeys: () => toBytes(secretKeys.keysOf("device-marks")),
    adoptedKey: () => secretKeys.keysOf("adopted-tokens")[0].key,
    secondFactorKey: () => secretKeys.keysOf("second-factors")[0].key,
    passkeyKeys: () => toBytes(secretKeys.keysOf("passkeys")),
    pendingKey: () => secretKeys.keysOf("pending-changes")[0].key,
    throttle: createThrottle({
      db,
      get secret() {
        return secretKeys.keysOf("throttles")[0].key;
      },
      clock,
    }),
    ...createCodes(db, options, secretKeys),
    webhooks,
    ...trail,
    callLimiter: createCallLimiter(options.callBudgets, { clock }),
    refusalDelay: createRefusalDelay(options.refusalDelay),
    signInLanes: createLanes({ atOnce: 2, mayWait: 200, ...line }),
    rotationLanes: createLanes({ atOnce: 1, mayWait: 1_000, ...line }),
    refreshLanes: createLanes({ atOnce: 2, mayWait: 1_000, ...line }),
    adoptionLanes: createSharedLanes({ atOnce: 2, mayWait: 1_000, ...line }),
    verifyToken: cacheVerifiedTokens(verification, { clock }),
    findSigningKey:
      tokens.profile !== "standard" && django ? async () => djangoKey(django.secretKey) : keyRing.signingKey,
    readCaller: createCallerReader({ prepare }, callerColumns, options),
    readPermissions: createPermissionReader(db),
    touchSession: createToucher(db),
    noteUse: createUseNoter(db),
  };
}

/** What looks after the audit trail. */
function createTrail(
  db: Queries,
  { clock, auditStream, onAuditError }: ResolvedOptions,
  secretKeys: SecretKeys,
): Pick<Core, "denials" | "sealer" | "auditWorker"> {
  const denials = createDenials({ db, clock });
  const sealer = createSealer({ db, key: () => secretKeys.keysOf("audit-seals")[0] });
  const stream = auditStream ? createAuditStream(auditStream, { db }) : null;
  const told = { onError: onAuditError, onStreamError: auditStream?.onError };
  const auditWorker = createAuditWorker({ denials, sealer, stream, ...told });
  return { denials, sealer, auditWorker };
}

/** What sends codes and checks them. */
function createCodes(
  db: Queries,
  options: ResolvedOptions,
  secretKeys: SecretKeys,
): Pick<Core, "challenges" | "firewall" | "outbox"> {
  const { clock, messages, phones, watch } = options;
  const { senders, isEnforced, noticesPerDay, onRefusal, onOutcome, onError } = messages;
  let outbox: Outbox | undefined;
  const challenges = createChallenges({
    db,
    get keys() {
      return secretKeys.keysOf("codes");
    },
    get countKey() {
      return secretKeys.keysOf("messages")[0].key;
    },
    onUnknownKey: secretKeys.reread,
    findFixedCode: (address) =>
      readTestNumbers(messages, clock.now()).find(({ number }) => number === address)?.code ?? null,
    onDue: () => outbox?.wake(),
  });
  const firewall = createFirewall({
    db,
    get key() {
      return secretKeys.keysOf("messages")[0].key;
    },
    limits: toFirewallLimits(messages, { defaultCountry: phones.defaultCountry, clock }),
    isEnforced,
    ...(onRefusal && { onRefusal }),
  });
  const rendering = toRenderOptions(messages);
  const notices = {
    db,
    senders,
    perDay: noticesPerDay,
    render: (notice: Parameters<typeof renderNotice>[0]) => renderNotice(notice, rendering),
    onError,
    watch,
  };
  outbox = createOutbox({
    db,
    watch,
    challenges,
    senders,
    render: (message) => renderMessage(message, rendering),
    admitNext: firewall.admitNext,
    sendMore: async (stopping) => {
      const told = await tellNoticeHook({ db, options, profile: options.profile });
      return told + (findNoticeChannels(senders).length > 0 ? await sendDueNotices(notices, stopping) : 0);
    },
    ...(onOutcome && { onOutcome }),
    ...(onError && { onError }),
  });
  return { challenges, firewall, outbox };
}

function createToucher(db: Queries): (id: string) => void {
  const touch = batchQuery(async (ids: readonly string[]) => {
    await touchSessions(db, ids);
    return ids.map(() => undefined);
  });
  return (id) => void touch(id).catch(() => {});
}

function createUseNoter(db: Queries): (use: Use) => Promise<void> {
  const note = batchQuery(async (uses: readonly Use[]) => {
    await noteUses(db, uses);
    return uses.map(() => undefined);
  });
  return (use) => note(use);
}

function toBytes([current, ...older]: Keys): readonly [Uint8Array, ...Uint8Array[]] {
  return [current.key, ...older.map(({ key }) => key)];
}

function deriveKeys([first, ...others]: ResolvedOptions["secrets"], purpose: KeyPurpose): [Buffer, ...Buffer[]] {
  return [deriveKey(first, purpose), ...others.map((secret) => deriveKey(secret, purpose))];
}

function djangoKey(secretKey: string) {
  const privateKey = Buffer.from(secretKey);
  return { kid: sharedKeyId(privateKey), algorithm: "HS256", privateKey } as const;
}
