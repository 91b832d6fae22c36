import {
  type Auth,
  type AuthOptions,
  type Config,
  createAuth,
  type DatabaseOptions,
  type MigrationMode,
  StartError,
  type StartMode,
} from "@latchkey/auth";
import { EmbeddedPostgresError, openEmbeddedPostgres } from "@latchkey/embedded-postgres";
import { migrateOwn } from "@latchkey/server";
import { requireOwnMigrated } from "@latchkey/server/internal";
import { toAuthOptions } from "./auth-options.ts";
import { type ConfigFile, readConfigFile, toConfigError } from "./config-file.ts";
import type { Settings } from "./environment.ts";
import type { MessageLog } from "./messages/message-log.ts";
import { examineMessages, type MessageFindings, openSending, type Sending, toMessages } from "./messages/sending.ts";
import { readOrMakeSecret } from "./secret-file.ts";
import type { ServiceConfig } from "./service-config.ts";
import { unreachable } from "./unreachable.ts";
import { readEndpoints, type WebhookLog } from "./webhooks/webhook-log.ts";

export interface OpenedAuth {
  readonly auth: Auth<ServiceConfig>;
  /** What a team declares of its own. */
  readonly config: ConfigFile["config"];
  /** The file that declares it; null where none was found. */
  readonly configFile: string | null;
  /** The migrations of a team's own that this start ran. */
  readonly ranOwn: readonly string[];
  /** For long work on a connection of its own. */
  readonly connection: DatabaseOptions;
  /** Where the data is, for a person; without the password. */
  readonly place: string;
  /** What was printed in place of being sent; null where this process prints nothing. */
  readonly console: Sending["console"];
  /** What somebody should know before messages are sent. */
  readonly findings: MessageFindings;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Told, a line at a time, what happens to the embedded server. */
  readonly onNotice?: (line: string) => void;
  /** What the settings of this process may change in the database: those of a command may be others than the service's. */
  readonly mode?: StartMode;
  /** Other than what calls need. */
  readonly initialize?: (auth: Auth<ServiceConfig>, migrations: MigrationMode) => Promise<void>;
  /** Other than `MIGRATE` says. */
  readonly migrations?: MigrationMode;
  /** Has this process send messages, and tells what comes of them; a command sends none. */
  readonly sends?: MessageLog | undefined;
  /** Has this process tell webhooks, and tells what comes of it; a command tells none, and what it does is told by the service. */
  readonly webhooks?: WebhookLog;
  /** Measures and traces the core's work. */
  readonly watch?: AuthOptions["watch"];
  /** What this process tells of the audit trail; a command tells nothing of it. */
  readonly auditStream?: AuthOptions["auditStream"];
  /** Told when the audit trail could not be sealed or added to. */
  readonly onAuditError?: AuthOptions["onAuditError"];
  /** Told of the events that this process writes into the audit trail. */
  readonly onAuditEvent?: AuthOptions["onAuditEvent"];
  /** Told of the sessions that this process opens, refreshes and ends. */
  readonly onSessionChange?: AuthOptions["onSessionChange"];
}

/**
 * Opens the core on the database that the settings name, or on an embedded one in the data folder, and brings its schema up to
 * date as far as `MIGRATE` says. The service and every command line of the same folder share one embedded server.
 *
 * @throws StartError
 */
export async function openAuth(
  settings: Settings,
  {
    onNotice = () => {},
    mode = "missing",
    initialize = initializeCore(onNotice, mode),
    migrations = settings.MIGRATE,
    sends,
    webhooks,
    watch,
    auditStream,
    onAuditError,
    onAuditEvent,
    onSessionChange,
  }: OpenOptions = {},
): Promise<OpenedAuth> {
  const file = await readConfigFile(settings.LATCHKEY_CONFIG, settings.TOKEN_AUDIENCE);
  const findings = examineMessages(settings, file);
  const sending = sends
    ? await openSending(settings, file, sends)
    : { messages: toMessages(settings, file), console: null };
  const database = await openDatabase(settings, onNotice);
  try {
    const secret = settings.LATCHKEY_SECRET ?? (await readOrMakeSecret(settings.LATCHKEY_DATA_DIR));
    const options = {
      ...toAuthOptions(settings, secret),
      messages: sending.messages,
      ...(webhooks && { webhooks: openWebhooks(settings, file, webhooks) }),
      ...(watch && { watch }),
      ...(auditStream && { auditStream }),
      ...(onAuditError && { onAuditError }),
      ...(onAuditEvent && { onAuditEvent }),
      ...(onSessionChange && { onSessionChange }),
    };
    const auth = createConfigured(database.connection, options, file, onNotice);
    // At once: a call that hangs keeps the first from ending, and a server that stops ends the call.
    const close = async () => {
      await Promise.all([auth.close(), database.close()]);
    };
    let ranOwn: readonly string[];
    try {
      await initialize(auth, migrations);
      ranOwn = await prepareOwn(auth, database.connection, { file, mode: migrations });
    } catch (error) {
      await auth.close();
      throw error instanceof StartError ? error : unreachable(database.place, error);
    }
    const { connection, place } = database;
    return {
      auth,
      config: file.config,
      configFile: file.path,
      ranOwn,
      connection,
      place,
      console: sending.console,
      findings,
      close,
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

function initializeCore(onNotice: (line: string) => void, mode: StartMode): NonNullable<OpenOptions["initialize"]> {
  return async (auth, migrations) => {
    for (const line of await auth.initialize({ migrations, mode })) onNotice(line);
  };
}

/** Answers which of a team's migrations it ran. */
async function prepareOwn(
  auth: Auth<ServiceConfig>,
  connection: Connection,
  { file, mode }: { readonly file: ConfigFile; readonly mode: MigrationMode },
): Promise<string[]> {
  const { migrations } = file.config;
  if (!migrations || mode === "off") return [];
  if (mode === "auto") return migrateOwn(connection, migrations);
  await requireOwnMigrated(auth.pool, migrations);
  return [];
}

/** The endpoints of the settings and those of the config file, under names that are each one's alone. */
function openWebhooks(settings: Settings, { path, config }: ConfigFile, { onOutcome, onError }: WebhookLog) {
  const set = readEndpoints(settings) ?? {};
  const own = config.webhooks?.endpoints ?? {};
  const twice = Object.keys(own).find((name) => name in set);
  if (twice !== undefined)
    throw toConfigError(String(path), new Error(`webhooks.endpoints: ${twice} is in WEBHOOKS too`));
  return { endpoints: { ...set, ...own }, onOutcome, onError };
}

type Connection = Parameters<typeof createAuth>[0];

/** The core with what the config file declares beside what the settings say. */
function createConfigured(
  connection: Connection,
  options: AuthOptions,
  { path, config }: ConfigFile,
  onNotice: (line: string) => void,
): Auth<ServiceConfig> {
  const { migrations: _, messages: __, pages: ___, webhooks: ____, permissions = [], ...declared } = config;
  try {
    const auth: Auth<Config> = createAuth(connection, {
      ...options,
      ...declared,
      // First, so that a message that counts them counts as the file does.
      permissions: [...permissions, ...(options.permissions ?? [])],
      onError: (error, { hook }) => onNotice(`the hook ${hook} failed: ${String(error)}`),
    });
    return auth as Auth<ServiceConfig>;
  } catch (error) {
    throw path === null ? error : toConfigError(path, error);
  }
}

async function openDatabase(settings: Settings, onNotice: (line: string) => void) {
  const preparedStatements = settings.PREPARED_STATEMENTS === "on";
  if (settings.DATABASE_URL) {
    const connection = { connectionString: settings.DATABASE_URL, max: settings.DATABASE_POOL, preparedStatements };
    return { connection, place: settings.place ?? "PostgreSQL", close: async () => {} };
  }
  const dataDir = settings.LATCHKEY_DATA_DIR;
  const server = await openEmbeddedPostgres({ dataDir, onNotice }).catch((error: unknown) => {
    throw error instanceof EmbeddedPostgresError ? new StartError(error.message, { cause: error }) : error;
  });
  const connection = { ...server.connection, max: settings.DATABASE_POOL, preparedStatements };
  return { connection, place: `${dataDir} (embedded PostgreSQL)`, close: () => server.close() };
}
