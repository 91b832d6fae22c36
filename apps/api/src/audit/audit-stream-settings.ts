import { z } from "zod";
import { webhookSecret } from "../messages/message-settings.ts";

const protocols = ["https:", "http:", "tls:", "tcp:", "udp:"];

const streamUrl = z.string().refine((value) => {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, hash, hostname } = new URL(value);
  return protocols.includes(protocol) && hostname !== "" && username + password + hash === "";
}, "must be such as tls://logs.example:6514 or https://logs.example/latchkey, without a password in it");

/** The settings of what is told of the audit trail, by their names in the environment. */
export const auditStreamSettings = {
  AUDIT_STREAM: z.enum(["off", "stdout", "syslog", "webhook"]).default("off"),
  AUDIT_STREAM_URL: streamUrl.optional(),
  AUDIT_STREAM_SECRET: webhookSecret.optional(),
};

export type AuditStreamSettings = z.output<z.ZodObject<typeof auditStreamSettings>>;

export function findStreamContradictions(given: Readonly<Record<string, string | undefined>>): string[] {
  const { AUDIT_STREAM: kind = "off", AUDIT_STREAM_URL: url, AUDIT_STREAM_SECRET: secret } = given;
  const protocol = url !== undefined && URL.canParse(url) ? new URL(url).protocol : null;
  const isSyslog = protocol !== null && ["tls:", "tcp:", "udp:"].includes(protocol);
  const isRemote = kind === "syslog" || kind === "webhook";
  return [
    isRemote && !url && `AUDIT_STREAM=${kind} needs AUDIT_STREAM_URL`,
    kind === "syslog" && protocol && !isSyslog && "AUDIT_STREAM=syslog needs an AUDIT_STREAM_URL of tls, tcp or udp",
    kind === "webhook" && protocol && isSyslog && "AUDIT_STREAM=webhook needs an AUDIT_STREAM_URL of https",
    kind === "webhook" &&
      !secret &&
      `AUDIT_STREAM=webhook needs AUDIT_STREAM_SECRET; make one with: node -p '"whsec_" + crypto.randomBytes(32).toString("base64")'`,
    !isRemote && url && "AUDIT_STREAM_URL needs AUDIT_STREAM=syslog or webhook",
    kind !== "webhook" && secret && "AUDIT_STREAM_SECRET needs AUDIT_STREAM=webhook",
  ].filter((problem) => typeof problem === "string");
}
