import { afterAll, expect, test } from "vitest";
import { password, signUp } from "../http/accounts-over-http.ts";
import { call, startLiveServer } from "../live-server.ts";

const live = await startLiveServer({ phones: { defaultCountry: "DE" } });
const { url } = live;
afterAll(() => live[Symbol.asyncDispose]());

const message = "This can be read as more than one phone number: write it with + and the country code";
const refusal = (field: string) => ({
  status: 400,
  body: { data: { reason: "invalid_input", issues: [{ path: [field], message }] } },
});

test("a mobile number with its country code and no plus sign was stored as another number, and its line got a second account", async () => {
  const { token } = await signUp(live, { username: "chief", isSuperuser: true });
  const create = (username: string, phoneNumber: string) =>
    call(url, "users.create", { token, input: { username, phoneNumber } });
  const first = await create("anna", "0152 99944187");
  expect(first.body.user.phoneNumber).toBe("+4915299944187");
  expect(await create("berta", "4915299944187")).toMatchObject(refusal("phoneNumber"));
  expect(await create("berta", "+49 152 99944187")).toMatchObject({ status: 409 });

  const signIn = (username: string) => call(url, "token.obtain", { input: { username, password } });
  expect(await signIn("49 152 99944187")).toMatchObject(refusal("username"));
  expect(await signIn("49 176 6383 4204")).toMatchObject(refusal("username"));
  const input = { username: "49 152 99944187", code: "x", newPassword: "an even better battery" };
  expect(await call(url, "password.reset", { input })).toMatchObject(refusal("username"));
  const search = encodeURIComponent(JSON.stringify({ phoneNumber: "49 152 99944187" }));
  const listed = await call(url, `users.list?input=${search}`, { token });
  expect(listed).toMatchObject(refusal("phoneNumber"));
});
