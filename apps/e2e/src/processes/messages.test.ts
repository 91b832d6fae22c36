import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "../live-server.ts";
import { createInstallation, type Installation, type Service } from "./installation.ts";
import { until } from "./service-process.ts";

/** Twilio on this machine, with its documented answers. */
async function standIn(answer: (form: URLSearchParams) => readonly [status: number, body: object]) {
  const seen: URLSearchParams[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    seen.push(form);
    const [status, said] = answer(form);
    response.writeHead(status, { "content-type": "application/json", connection: "close" }).end(JSON.stringify(said));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen, close: () => server.close() };
}

let installation: Installation;
beforeAll(async () => {
  installation = await createInstallation(
    { MESSAGE_APP_NAME: "Shop" },
    { isOnTestServer: true, keepsCommandLine: true },
  );
});
afterAll(() => installation[Symbol.asyncDispose]());

const readCode = (service: Service, to: string) => {
  const found = [
    ...service.stderr().matchAll(new RegExp(`^Message to \\${to} by sms: (\\d{6}) is your Shop code`, "gm")),
  ];
  return found.at(-1)?.[1];
};

describe("a service without a setting", () => {
  let service: Service;
  beforeAll(async () => {
    service = await installation.start();
  });
  afterAll(() => service.stop());

  it("registers somebody by a phone number, whose code is read in the terminal, and signs them in by another", async () => {
    const start = await call(service.url, "codes.start", { input: { purpose: "enter", to: "+90 532 123 45 67" } });
    expect(start).toMatchObject({ status: 200, body: { channel: "sms", digits: 6 } });
    await until(() => readCode(service, "+905321234567") !== undefined);
    const code = readCode(service, "+905321234567");
    const proved = await call(service.url, "token.obtainByCode", {
      input: { challenge: start.body.challenge, code },
    });
    expect(proved).toMatchObject({ status: 200, body: { next: "register" } });
    const registered = await call(service.url, "account.register", {
      input: { ticket: proved.body.ticket, firstName: "Ada" },
    });
    expect(registered).toMatchObject({ status: 200, body: { user: { phoneNumber: "+905321234567", username: null } } });
    const me = await call(service.url, "me.get", { token: registered.body.token });
    expect(me).toMatchObject({ status: 200, body: { firstName: "Ada" } });
  });

  it("shows the message to a browser on this machine, and no code in its log", async () => {
    const code = readCode(service, "+905321234567") ?? "";
    const page = await fetch(`${service.url}/dev/inbox`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(code);
    const proxied = await fetch(`${service.url}/dev/inbox`, { headers: { "x-forwarded-for": "203.0.113.9" } });
    expect(proxied.status).toBe(404);
    expect(service.stdout()).not.toContain(code);
    expect(service.stdout()).not.toContain("5321234567");
  });

  it("tells what became of messages, by country", async () => {
    const { code, stdout } = await installation.run(["messages", "--json"]);
    expect(code).toBe(0);
    const { countries, left } = JSON.parse(stdout);
    expect(left).toBe(999);
    expect(countries).toContainEqual({
      ...{ country: "TR", asked: 1, sent: 1, delivered: 0, failed: 0, proved: 1 },
      // Without a country that is named, the console's verdict is told and not enforced.
      ...{ refused: { country: 1 }, left: 0 },
    });
    const table = await installation.run(["messages"]);
    expect(table.stdout).toMatch(/^TR +1 +1 +0 +0 +1 +0 +country 1$/m);
  });
});

describe("a service for others", { tags: ["long"] }, () => {
  it("has no inbox, and says that nothing sends", async () => {
    const service = await installation.start({ CORS_ORIGINS: "https://app.example.com" });
    const start = await call(service.url, "codes.start", { input: { purpose: "enter", to: "+90 532 123 45 67" } });
    expect(start).toMatchObject({ status: 503, body: { data: { reason: "unavailable" } } });
    // A line of the log may come after the answer.
    await expect.poll(() => service.stdout()).toContain("MESSAGES names no sender");
    expect((await fetch(`${service.url}/dev/inbox`)).status).toBe(404);
    await service.stop();
  });

  it("has no inbox when it prints codes because it was told to", async () => {
    const service = await installation.start({ MESSAGES: "console", TRUSTED_PROXIES: "127.0.0.1" });
    expect((await fetch(`${service.url}/dev/inbox`)).status).toBe(404);
    await service.stop();
  });
});

describe("with a provider", () => {
  const account = { TWILIO_ACCOUNT_SID: "AC1", TWILIO_AUTH_TOKEN: "canary-of-twilio", TWILIO_FROM: "+15005550006" };

  it("a code goes out with the line by which browsers fill it in, a refused country is told and logged, and the start says which texts cost two SMS", async () => {
    const twilio = await standIn(() => [201, { sid: "SM1", status: "queued" }]);
    const service = await installation.start({
      ...{ MESSAGES: "twilio", SMS_API_URL: twilio.url, MESSAGE_COUNTRIES: "TR" },
      ...{ SIGN_IN_ORIGIN: "https://a-long-name.shop.example", MESSAGE_LOCALE: "tr", ...account },
    });
    await expect
      .poll(() => service.stdout())
      .toMatch(/More than one SMS each: .*sign_in in ar, reset_password in ar, .* texts of notices/);
    await call(service.url, "codes.start", { input: { purpose: "enter", to: "+90 532 123 45 68" } });
    await service.untilLogged("message sent");
    expect(twilio.seen[0]?.get("To")).toBe("+905321234568");
    expect(twilio.seen[0]?.get("Body")).toMatch(
      /^Shop kodunuz: (\d{6})\. Kimseyle paylasmayin\.\n\n@a-long-name\.shop\.example #\1$/,
    );
    const refused = await call(service.url, "codes.start", { input: { purpose: "enter", to: "+44 7400 123456" } });
    expect(refused).toMatchObject({ status: 400, body: { data: { reason: "invalid_input" } } });
    expect(await service.untilLogged("message refused")).toMatchObject({ rule: "country", country: "GB" });
    await service.stop();
    twilio.close();
    expect(service.stdout() + service.stderr()).not.toMatch(/canary|905321234568/);
  });

  it("send-test says what it answered, and ends with an error when it refused", { tags: ["long"] }, async () => {
    const twilio = await standIn((form) =>
      form.get("To") === "+905321234567"
        ? [201, { sid: "SM1", status: "queued" }]
        : [400, { code: 21211, message: "The 'To' number is not a valid phone number." }],
    );
    const variables = { MESSAGES: "twilio", SMS_API_URL: twilio.url, ...account };
    const sent = await installation.run(["send-test", "--to", "+905321234567", "--locale", "fr"], { variables });
    expect(sent).toMatchObject({ code: 0, stdout: "Sent by sms (twilio) as SM1.\n" });
    expect(twilio.seen[0]?.get("Body")).toBe("123456 est votre code Shop. Ne le partagez pas.");
    const refused = await installation.run(["send-test", "--to", "+905321234568", "--json"], { variables });
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      ...{ sender: "twilio", refusal: "invalid_number", because: "HTTP 400, code 21211" },
    });
    twilio.close();
    const away = await installation.run(["send-test", "--to", "+905321234567"], { variables });
    expect(away).toMatchObject({ code: 1, stdout: expect.stringContaining("Not sent by sms (twilio): busy") });
  });

  it.each([
    [["send-test", "--to", "nobody"], "--to must be a phone number such as +905321234567, or an e-mail address\n"],
    [["send-test", "--to", "+905321234567"], "Nothing sends by whatsapp or sms: name a sender in MESSAGES\n"],
  ])("%j is refused in one line", async (words, line) => {
    const { code, stderr } = await installation.run(words, { variables: { MESSAGES: "off" } });
    expect(code).toBeGreaterThan(1);
    expect(stderr).toBe(`latchkey: ${line}`);
  });

  it("doctor says what cannot be meant, and which texts cost more than one SMS", async () => {
    const variables = {
      ...account,
      MESSAGES: "twilio",
      SIGN_IN_BY_CODE: "email",
      SIGN_IN_ORIGIN: "https://a-long-name.shop.example",
    };
    const { code, stdout } = await installation.run(["doctor", "--json"], { variables });
    expect(code).toBe(1);
    const { warnings, notes } = JSON.parse(stdout);
    expect(warnings).toContain("SIGN_IN_BY_CODE=email, and nothing sends e-mail: MESSAGES=smtp does");
    expect(warnings).toContain("No country is sent messages: name some in MESSAGE_COUNTRIES, such as TR,DE");
    expect(notes).toContainEqual(expect.stringMatching(/^More than one SMS each: .*sign_in in ar/));
    expect(notes).toContainEqual(expect.stringMatching(/^A text in ar costs 1–3 SMS; 2: sign_in, reset_password, /));
    const off = await installation.run(["doctor"], { variables: { MESSAGES: "off" } });
    expect(off.stdout).toContain("Note: Nothing sends codes: MESSAGES names no sender");
  });
});

describe("a config file", { tags: ["long"] }, () => {
  it("gives senders and texts of the team's own", async () => {
    const own = await createInstallation({ MESSAGE_COUNTRIES: "TR" }, { isOnTestServer: true });
    await own.writeFile(
      "latchkey.config.mjs",
      `import { appendFileSync } from "node:fs";
      export default { messages: {
        texts: { en: { code: "{app}: {code}", subject: "{app}" } },
        senders: { sms: { send: async ({ to, text }) => { appendFileSync("sent.txt", to + " " + text + "\\n"); return {}; } } },
      } };`,
    );
    const service = await own.start();
    await call(service.url, "codes.start", { input: { purpose: "enter", to: "+90 532 123 45 67" } });
    await service.untilLogged("message sent");
    expect(await service.stop()).toMatchObject({ code: 0 });
    const sent = await own.run(["send-test", "--to", "+905321234567"]);
    expect(sent.stdout).toBe("Sent by sms (your own sender).\n");
    const rival = await own.run(["send-test", "--to", "+905321234567"], {
      variables: { MESSAGES: "vonage", VONAGE_API_KEY: "a", VONAGE_API_SECRET: "b", VONAGE_FROM: "c" },
    });
    expect(rival.stderr).toMatch(/MESSAGES=vonage and .*latchkey\.config\.mjs both send by sms: leave one of them/);
    await own[Symbol.asyncDispose]();
  });
});
