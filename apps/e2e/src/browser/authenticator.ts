import type { BrowserContext, CDPSession, Page } from "playwright-core";

/** The authenticator of a phone or a laptop, as Chromium plays it for one tab: it has seen its owner's finger. */
export interface VirtualAuthenticator {
  readonly session: CDPSession;
  readonly id: string;
}

const device = {
  protocol: "ctap2",
  transport: "internal",
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
} as const;

/** @param isPresent whether somebody answers at once when a page asks */
export async function addAuthenticator(
  context: BrowserContext,
  page: Page,
  isPresent = true,
): Promise<VirtualAuthenticator> {
  const session = await context.newCDPSession(page);
  await session.send("WebAuthn.enable");
  const options = { ...device, automaticPresenceSimulation: isPresent };
  const { authenticatorId: id } = await session.send("WebAuthn.addVirtualAuthenticator", { options });
  return { session, id };
}

/** Whether somebody puts a finger on it when a page asks. */
export async function setPresence({ session, id }: VirtualAuthenticator, isPresent: boolean): Promise<void> {
  await session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId: id, enabled: isPresent });
}

export async function setUserVerified({ session, id }: VirtualAuthenticator, isVerified: boolean): Promise<void> {
  await session.send("WebAuthn.setUserVerified", { authenticatorId: id, isUserVerified: isVerified });
}

/** The passkeys on it, as another authenticator can be given them: what a password manager keeps on two devices. */
export async function listCredentials({ session, id }: VirtualAuthenticator) {
  return (await session.send("WebAuthn.getCredentials", { authenticatorId: id })).credentials;
}
