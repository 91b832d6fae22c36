import { afterAll, beforeAll, expect, test } from "vitest";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createFormClient } from "./form-client.ts";

const [password, nextPassword] = ["correct horse battery", "a better horse battery"];
let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer();
});
afterAll(() => live[Symbol.asyncDispose]());

let forms = 0;
const placeOf = (response: Response) => response.headers.get("location") ?? "";

test.skipIf(!isService)(
  "the pages ask for a new password before they open anything, say what is wrong with one, and keep where to go",
  async () => {
    const browser = createFormClient(live.url);
    const send = (path: string, fields: Record<string, string> = {}, client = browser) =>
      client.post(`/cookie${path}`, { form: String(++forms), ...fields });
    await live.test.auth.createUser({ username: "alice", password, isPasswordToBeReplaced: true });

    const asked = placeOf(await send("/sign-in?return_to=/orders/7", { username: "alice", password }));
    expect(asked).toMatch(/^\/sign-in\/new-password\?return_to=%2Forders%2F7&step=/);
    expect((await browser.get("/account")).status).toBe(303);
    const page = await (await browser.get(asked)).text();
    expect(page).toContain('autocomplete="new-password"');
    expect(page).not.toContain(password);
    // The address alone is worth nothing.
    expect(placeOf(await createFormClient(live.url).get(asked))).toMatch(/^\/sign-in\?done=over/);

    const same = await send(asked, { newPassword: password });
    expect(same.status).toBe(400);
    expect(await same.text()).toContain("This is the password that has to be replaced");
    expect(placeOf(await send(asked, { newPassword: nextPassword }))).toBe("/orders/7");
    expect((await browser.get("/account")).status).toBe(200);
    // The ticket is used up.
    expect(placeOf(await send(asked, { newPassword: "yet another battery" }))).toMatch(/^\/sign-in\?done=over/);

    const later = createFormClient(live.url);
    expect(placeOf(await send("/sign-in", { username: "alice", password: nextPassword }, later))).toBe("/account");
  },
);
