import { findOriginFault, parsePublicUrl } from "@latchkey/server/internal";
import { z } from "zod";

const consoleOrigin = z.string().superRefine((value, context) => {
  const isWebOrigin = /^https?:/.test(value) && !value.includes(",");
  const fault = isWebOrigin ? findOriginFault(value) : "must be one origin such as https://console.example.com";
  if (fault !== null) context.addIssue(fault);
});

/** The settings of the administrators' app. */
export const consoleSettings = {
  CONSOLE: z.enum(["on", "off"]).default("on"),
  CONSOLE_ORIGIN: consoleOrigin.optional(),
};

interface GivenConsole {
  readonly CONSOLE: "on" | "off";
  readonly CONSOLE_ORIGIN?: string | undefined;
  readonly PUBLIC_URL?: string | undefined;
}

/** What of them cannot be meant together, a line each. */
export function findConsoleContradictions({ CONSOLE, CONSOLE_ORIGIN: origin, PUBLIC_URL }: GivenConsole): string[] {
  if (origin === undefined) return [];
  const service = parsePublicUrl(PUBLIC_URL ?? "")?.origin;
  return [
    CONSOLE === "off" && "CONSOLE_ORIGIN and CONSOLE=off are two wishes",
    !service && "CONSOLE_ORIGIN needs PUBLIC_URL, which the console calls",
    service === origin && "CONSOLE_ORIGIN is the origin of PUBLIC_URL: without it, the console is there below /console",
    service &&
      !isOnSite(origin, service) &&
      `CONSOLE_ORIGIN must be on one site with ${service}, such as ${toNeighbour(service)}: between two sites no cookie goes`,
  ].filter((problem) => typeof problem === "string");
}

/**
 * Whether two origins can be one site to browsers (https://html.spec.whatwg.org/#same-site): the same scheme, and the same host or two names below one domain. Which domains are
 * for everybody, as `co.uk` is, they alone know; they keep the cookie back then, and the console says so.
 */
function isOnSite(origin: string, other: string): boolean {
  const [one, two] = [new URL(origin), new URL(other)];
  if (one.protocol !== two.protocol) return false;
  return one.hostname === two.hostname || (isName(one) && isName(two) && domainOf(one) === domainOf(two));
}

const isName = ({ hostname }: URL) => /\.[a-z][^.]*$/.test(hostname);
const domainOf = ({ hostname }: URL) => hostname.split(".").slice(-2).join(".");

function toNeighbour(service: string): string {
  const url = new URL(service);
  return isName(url) ? `${url.protocol}//console.${domainOf(url)}` : `${url.protocol}//${url.hostname}:4000`;
}
