import type { Auth } from "./auth.ts";
import { bindFlows, type WithoutTimeout } from "./bind-flows.ts";
import type { Config, ConfigOf } from "./config.ts";
import { createCore } from "./core.ts";
import { measureHashCosts } from "./flows/maintenance/measure-hash-costs.ts";
import { readQueues } from "./flows/steps/read-queues.ts";
import { createLifecycle } from "./lifecycle.ts";
import { type AuthOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { listRelatedOrigins } from "./passkeys/relying-party.ts";
import { joinDatabase } from "./storage/after-commit.ts";
import { type DatabaseOptions, openStorage, withoutStatementTimeout } from "./storage/database.ts";
import type { NoFields, ProfileFields } from "./users/profile.ts";
import { listUndelivered, queueAgain, reportEndpoints } from "./webhooks/webhook-store.ts";

/**
 * Puts the core together on a database. Nothing is connected or changed until it is used; call `initialize()` once at the start of a
 * process.
 *
 * @throws ZodError or StartError for options that cannot be
 * @example
 * const auth = createAuth({ connectionString }, { secret });
 * await auth.initialize();
 * const { token } = await auth.signIn({ username: "alice", password }, facts);
 */
export function createAuth<
  const Fields extends ProfileFields = NoFields,
  const Declared extends readonly string[] = readonly [],
>(database: DatabaseOptions, authOptions: AuthOptions<Fields, Declared>): Auth<ConfigOf<Fields, Declared>> {
  const options = resolveOptions(authOptions);
  const storage = openStorage(database);
  const core = createCore(storage, options);
  /** For work that nobody waits for. What it writes is told of as any other. */
  const withoutTimeout: WithoutTimeout = (work) =>
    withoutStatementTimeout(database, (db) => {
      joinDatabase(storage.db, db);
      return work({ ...core, db });
    });
  const auth: Auth<Config> = {
    profile: options.profile,
    permissions: options.permissions,
    options: {
      tokens: options.tokens,
      oldTokensUntil: options.django?.acceptTokensUntil ?? null,
      codes: describeCodes(options),
      passkeys: describePasskeys(options),
    },
    pool: storage.pool,
    ...bindFlows(core, withoutTimeout),
    ...createLifecycle({ core, database, storage, withoutTimeout }),
    publicKeys: () => core.keyRing.publicKeys(),
    verificationKeys: () => core.keyRing.verificationKeys(),
    measureHashCosts: () => withoutTimeout(({ db }) => measureHashCosts(core, db)),
    receiveDelivery: (receipt) => core.outbox.receive(receipt),
    readQueues: () => readQueues(core.db),
    sendDueMessages: () => core.outbox.drain(),
    deliverDueWebhooks: () => core.webhooks.drain(),
    reportWebhooks: ({ limit }) =>
      withoutTimeout(async ({ db }) => ({
        endpoints: await reportEndpoints(db),
        undelivered: await listUndelivered(db, limit),
      })),
    async resendWebhooks({ id }) {
      const count = await queueAgain(core.db, id ?? null);
      core.webhooks.wake();
      return count;
    },
    sealAudit: () => core.auditWorker.drain(),
    spendCall: ({ id }, budget, cost) => core.callLimiter.spend(id, budget, cost),
    delayRefusal: (signal) => core.refusalDelay.wait(signal),
  };
  // What is read and taken by `options.profile` is what the type says: the flows themselves know the built-in fields alone.
  return auth as Auth<ConfigOf<Fields, Declared>>;
}

function describePasskeys({ passkeys }: ResolvedOptions): Auth["options"]["passkeys"] {
  return passkeys ? { rpId: passkeys.rpId, relatedOrigins: listRelatedOrigins(passkeys) } : null;
}

function describeCodes({ codes, messages }: ResolvedOptions): Auth["options"]["codes"] {
  const { sms, whatsapp, email } = messages.senders;
  const { signInByCode, numberOnly } = codes;
  return {
    signInByCode,
    numberOnly,
    sentTo: [...(sms || whatsapp ? (["phone"] as const) : []), ...(email ? (["email"] as const) : [])],
  };
}
