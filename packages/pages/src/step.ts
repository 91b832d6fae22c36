import { randomBytes } from "node:crypto";
import { z } from "zod";
import { queryOf } from "./layout.ts";
import type { Redirect } from "./page.ts";
import type { Visit } from "./visit.ts";

const time = z.int().nonnegative();

const stepSchema = z.strictObject({
  /** What the code is for. */
  way: z.enum([
    "enter",
    "sign_in",
    "reset_password",
    "reauthenticate",
    "own_name",
    "recovery",
    "second_factor",
    "new_password",
  ]),
  /** As it was typed. */
  name: z.string().max(320),
  kind: z.enum(["phone", "email", "username"]),
  /** Where to begin again. */
  from: z.enum(["/sign-in", "/register", "/reset", "/reauthenticate", "/account/contact", "/recover"]),
  /** Whether it is the account's own already. */
  isCurrent: z.boolean().optional(),
  challenge: z.string().max(64).optional(),
  channel: z.enum(["sms", "whatsapp", "email"]).nullish(),
  digits: z.int().optional(),
  /** Milliseconds since 1970. */
  expiresAt: time.optional(),
  /** From when on the same code is sent again; null once that is over. */
  resendAt: time.nullish(),
  /** Wrong codes so far. */
  wrong: z.int().optional(),
  ticket: z.string().max(64).optional(),
  next: z.enum(["register", "another_way"]).optional(),
  isNotMine: z.boolean().optional(),
  /** Whether a second factor is set up with the ticket. */
  isToEnroll: z.boolean().optional(),
  /** Whether the account has an authenticator app, and passkeys, that can be shown with it. */
  hasApp: z.boolean().optional(),
  hasPasskey: z.boolean().optional(),
  /** Seconds for which this browser is remembered where its user ticks that; absent where it cannot be. */
  rememberSeconds: z.int().positive().optional(),
  /** Whether the account of a recovery code asks for more than its password. */
  hasFactors: z.boolean().optional(),
});

/**
 * What is known of somebody between two pages before they are signed in: whom a code was sent to, and the handle that it is good with.
 *
 * It is in a cookie of its own that no script reads; the address names which one. So two tabs do not disturb each other, going back and
 * loading anew show the same page, and an address that is sent to somebody else is worth nothing there.
 */
export type Step = z.output<typeof stepSchema>;

/** Seconds: no code and no ticket is good for longer. */
const lifetime = 1_500;

/** Ways that one browser may have under way; the oldest is forgotten. */
const most = 3;

/** The way that the address names; null where this browser is on no such way. */
export function readStep({ url, pageCookies }: Visit): Step | null {
  const value = pageCookies.steps.get(url.searchParams.get("step") ?? "");
  if (value === undefined) return null;
  try {
    return stepSchema.parse(JSON.parse(Buffer.from(value, "base64url").toString()));
  } catch {
    return null;
  }
}

/** Begins a way, and answers its id for the address. */
export function beginStep(visit: Visit, step: Step): string {
  const { steps } = visit.pageCookies;
  const tooMany = [...steps.keys()].slice(0, Math.max(0, steps.size + 1 - most));
  for (const id of tooMany) visit.pageCookies.forgetStep(id);
  const id = randomBytes(6).toString("base64url");
  write(visit, id, step);
  return id;
}

/** Goes on with the way that the address names. */
export function keepStep(visit: Visit, step: Step): void {
  write(visit, idOf(visit), step);
}

/** A step with the ticket that its page takes. */
export interface TicketStep extends Step {
  readonly ticket: string;
}

/** The step of a way whose ticket a page takes; null where this browser is on no such way. */
export function readTicketStep(visit: Visit, way: Step["way"]): TicketStep | null {
  const step = readStep(visit);
  return step?.way === way && step.ticket !== undefined ? { ...step, ticket: step.ticket } : null;
}

/**
 * Leads from whichever form was refused for the want of it to where a ticket is used: the way that the address names goes on there, or one begins.
 */
export function leadTo(visit: Visit, path: string, step: Pick<TicketStep, "way" | "ticket"> & Partial<Step>): Redirect {
  const before = readStep(visit);
  const next: Step = { name: before?.name ?? "", kind: before?.kind ?? "username", from: "/sign-in", ...step };
  if (before) keepStep(visit, next);
  const query = before ? queryOf(visit) : queryOf(visit, { step: beginStep(visit, next) });
  return { to: `${visit.base}${path}${query}` };
}

export function endStep(visit: Visit): void {
  const id = idOf(visit);
  if (visit.pageCookies.steps.has(id)) visit.pageCookies.forgetStep(id);
}

/** Somebody who signs out leaves nothing to who comes next at this browser. */
export function endEveryStep({ pageCookies }: Visit): void {
  for (const id of pageCookies.steps.keys()) pageCookies.forgetStep(id);
}

const idOf = ({ url }: Visit): string => url.searchParams.get("step") ?? "";

const write = ({ pageCookies }: Visit, id: string, step: Step) =>
  pageCookies.keepStep(id, Buffer.from(JSON.stringify(step)).toString("base64url"), lifetime);
