import { createPasskeyDevice } from "@latchkey/auth/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createFormClient } from "./form-client.ts";

const password = "correct horse battery";
let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer({ passkeys: { rpId: "localhost", allowsLocalhost: true } });
});
afterAll(() => live?.[Symbol.asyncDispose]());

const placeOf = (response: Response) => response.headers.get("location") ?? "";

test.runIf(isService)(
  "what somebody does not tick on the page of passkeys goes in one step, and new codes are shown",
  async () => {
    const { auth, clock, facts } = live.test;
    await auth.createUser({ username: "alice", password });
    const add = async () => {
      const { token } = await auth.signIn({ username: "alice", password }, facts);
      const caller = await auth.authenticate([`Bearer ${token}`]);
      const device = createPasskeyDevice();
      const { passkey } = await auth.addPasskey(
        caller,
        { passkey: device.create((await auth.startPasskey(caller)).options) },
        facts,
      );
      return { device, id: passkey.id };
    };
    const opens = async ({ device }: Awaited<ReturnType<typeof add>>) =>
      auth.signInByPasskey({ passkey: device.get((await auth.startPasskeySignIn()).options) }, facts).then(
        () => "in",
        ({ code }) => code,
      );
    const [thief, mine] = [await add(), await add()];
    const browser = createFormClient(live.url);
    const send = (fields: Record<string, string>) => browser.post("/cookie/account/passkeys", fields);
    await browser.post("/cookie/sign-in", { form: "1", username: "alice", password });

    const page = await (await browser.get("/account/passkeys")).text();
    for (const { id } of [thief, mine]) expect(page).toContain(`id="keep-${id}"`);
    // What was made last may be the thief's.
    expect(page).not.toMatch(/ checked/);
    await clock.advance(601);
    const asked = await send({ form: "2", others: "yes", [`keep-${mine.id}`]: "yes" });
    expect(placeOf(asked)).toMatch(/^\/reauthenticate\?return_to=%2Faccount%2Fpasskeys/);
    await browser.post("/cookie/reauthenticate", { form: "3", password });

    const done = await send({ form: "4", others: "yes", [`keep-${mine.id}`]: "yes" });
    const shown = await done.text();
    expect(shown.match(/([0-9A-Z]{5}-){5}[0-9A-Z]{5}/g)).toHaveLength(10);
    expect(shown).toContain('href="/account/passkeys?done=kept"');
    expect([await opens(thief), await opens(mine)]).toEqual(["invalid_credentials", "in"]);
    expect(await (await browser.get("/account/passkeys?done=kept")).text()).toContain("Everything else is removed");

    // Nothing ticked is nothing kept; there is a password.
    await send({ form: "5", others: "yes" });
    expect(await opens(mine)).toBe("invalid_credentials");
  },
);
