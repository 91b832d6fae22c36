import type { Principal } from "../flows/steps/core.ts";
import { showTotp } from "./authenticator.ts";
import type { TestAuth } from "./index.ts";
import { createPasskeyDevice, type PasskeyDevice } from "./passkey-device.ts";
import { freshFacts } from "./people.ts";

/** The tokens of the caller with a password. */
export const signInByPassword = async (
  { auth, facts }: TestAuth,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<Principal> => {
  const { token } = await auth.signIn({ username, password }, freshFacts({ facts }));
  return auth.authenticate([`Bearer ${token}`]);
};

/** A passkey of the caller's, and the codes that came with it, where it is the first factor of its kind. */
export async function addPasskey({ auth, facts }: TestAuth, caller: Principal, device = createPasskeyDevice()) {
  const { options } = await auth.startPasskey(caller);
  const input = { passkey: device.create(options) };
  const { passkey, recoveryCodes } = await auth.addPasskey(caller, input, freshFacts({ facts }));
  return { device, id: passkey.id, codes: recoveryCodes?.codes ?? [] };
}

/** An authenticator app of the caller's; answers its secret. */
export async function addApp(service: TestAuth, caller: Principal): Promise<string> {
  const { auth } = service;
  const { ticket, secret } = await auth.startTotp(caller, freshFacts(service));
  await auth.confirmTotp(caller, { ticket, totp: await nextTotp(service, secret) }, freshFacts(service));
  return secret;
}

/** What the app shows next: what it showed may be used already. */
export async function nextTotp(service: TestAuth, secret: string): Promise<string> {
  await service.clock.advance(30);
  return showTotp(service, secret);
}

export async function signInByPasskey({ auth, facts }: TestAuth, device: PasskeyDevice) {
  const { options } = await auth.startPasskeySignIn();
  return auth.signInByPasskey({ passkey: device.get(options) }, freshFacts({ facts }));
}
