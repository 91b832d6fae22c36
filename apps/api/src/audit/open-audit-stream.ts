import type { AuditStreamOptions, StreamedEvent } from "@latchkey/auth";
import { webhookEndpoint } from "@latchkey/senders/webhook";
import type { Logger } from "pino";
import type { AuditStreamSettings } from "./audit-stream-settings.ts";
import { sendToSyslog } from "./syslog.ts";

/** What the core is told of the system that hears of every audit event; undefined for none. */
export function openAuditStream(settings: AuditStreamSettings, log: Logger): AuditStreamOptions | undefined {
  const { AUDIT_STREAM: kind, AUDIT_STREAM_URL: url } = settings;
  if (kind === "off") return undefined;
  const name = url === undefined ? kind : `${kind} ${toServer(url)}`;
  return {
    name: name.slice(0, 255),
    deliver: toDelivery(settings),
    onError: (error) =>
      log.warn(
        { because: error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : "no error" },
        "audit events could not be told; trying again",
      ),
  };
}

/** What comes behind the host may be what lets one in there; and where that is replaced, the stream goes on. */
function toServer(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

function toDelivery({
  AUDIT_STREAM: kind,
  AUDIT_STREAM_URL: url = "",
  AUDIT_STREAM_SECRET: secret = "",
}: AuditStreamSettings): AuditStreamOptions["deliver"] {
  if (kind === "stdout") return (events) => writeLines(events.map((event) => `${toLine(event)}\n`).join(""));
  if (kind === "syslog") return (events, signal) => sendToSyslog(url, events.map(toSyslogEvent), signal);
  const deliver = webhookEndpoint({ url, secrets: [secret] });
  return async (events, signal) => {
    for (const some of inBodies(events)) {
      const [first, last] = [some[0], some.at(-1)];
      const data = { events: some };
      const body = JSON.stringify({ type: "audit.events", timestamp: new Date().toISOString(), data });
      await deliver({ id: `audit_${first?.position}_${last?.position}`, body }, signal);
    }
  };
}

const toLine = (event: StreamedEvent) => JSON.stringify({ type: "audit", ...event });

const toSyslogEvent = (event: StreamedEvent) => ({
  time: event.occurredAt,
  name: event.event,
  text: toLine(event),
});

/** Resolves when the lines have left the process. */
function writeLines(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Characters of one body. */
const largestBody = 50_000;

/** Events in bodies of a bounded size; one that is larger than that is alone. */
function inBodies(events: readonly StreamedEvent[]): StreamedEvent[][] {
  const bodies: StreamedEvent[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const event of events) {
    const length = toLine(event).length;
    if (size + length > largestBody) {
      bodies.push([]);
      size = 0;
    }
    bodies.at(-1)?.push(event);
    size += length;
  }
  return bodies;
}
