import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";

export interface SyslogEvent {
  readonly time: Date;
  /** The message id: letters, digits and underscores. */
  readonly name: string;
  readonly text: string;
}

/** Facility 13, log audit, and severity 6, informational (RFC 5424 §6.2.1). */
const priority = 13 * 8 + 6;

/** Milliseconds that a server has to close its end of a connection. */
const longestClose = 1_000;

/** One message of RFC 5424. */
export function formatSyslog({ time, name, text }: SyslogEvent): string {
  const host =
    hostname()
      .replace(/[^!-~]/g, "")
      .slice(0, 255) || "-";
  return `<${priority}>1 ${time.toISOString()} ${host} latchkey ${process.pid} ${name.slice(0, 32)} - ${text}`;
}

/**
 * Sends events to a syslog server: by TLS (RFC 5425) or TCP with the length before each message (RFC 6587 §3.4.1), on a connection that is
 * closed by both ends in the end; by UDP (RFC 5426) one a packet, which may be lost on the way.
 *
 * @param url such as `tls://logs.example:6514`, `tcp://logs.example:601`, `udp://logs.example:514`
 */
export async function sendToSyslog(url: string, events: readonly SyslogEvent[], signal: AbortSignal): Promise<void> {
  const { protocol, hostname, port } = new URL(url);
  // An address of IPv6 stands in brackets there.
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const messages = events.map((event) => Buffer.from(formatSyslog(event)));
  if (protocol === "udp:") return sendPackets({ host, port: Number(port || 514) }, messages);
  const isTls = protocol === "tls:";
  const to = { host, port: Number(port || (isTls ? 6514 : 601)) };
  const socket = isTls ? connectTls({ ...to, servername: host }) : connect(to);
  const onAbort = () => void socket.destroy(new Error("The syslog server did not take the events in time"));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await once(socket, isTls ? "secureConnect" : "connect");
    const frames = messages.map((message) => Buffer.concat([Buffer.from(`${message.length} `), message]));
    socket.resume().end(Buffer.concat(frames));
    // With an error `once` rejects. A server that never closes its end has them all the same, a moment after they have left.
    const sent = once(socket, "finish").then(() => sleep(longestClose, undefined, { ref: false }));
    await Promise.race([once(socket, "close"), sent]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

async function sendPackets(
  to: { readonly host: string; readonly port: number },
  messages: readonly Buffer[],
): Promise<void> {
  const socket = createSocket(to.host.includes(":") ? "udp6" : "udp4");
  try {
    for (const message of messages) {
      await new Promise<void>((resolve, reject) => {
        socket.send(message, to.port, to.host, (error) => (error ? reject(error) : resolve()));
      });
    }
  } finally {
    socket.close();
  }
}
