import { createAuth, type Sender } from "@latchkey/auth";

/**
 * A process of a service that asks for one code after another, tells on standard output which of them it was answered, and sends by the
 * provider that the environment names. With `ASK=none` it only sends what is left.
 */
const { CONNECTION = "{}", SECRET = "", PROVIDER = "", ASK = "", FROM = "0" } = process.env;

const sms: Sender = {
  async send({ id, to, code, expiresAt }, signal) {
    const body = JSON.stringify({ id, to, code, expiresAt });
    const response = await fetch(PROVIDER, { method: "POST", body, signal });
    return { providerId: await response.text() };
  },
};

const auth = createAuth(JSON.parse(CONNECTION), { secret: SECRET, messages: { senders: { sms }, isEnforced: false } });
await auth.initialize();
console.log("up");
for (let number = Number(FROM); ASK !== "none"; number += 1) {
  const to = `+90532${1_000_000 + number}`;
  const facts = { requestId: null, address: `2001:db8:${(number & 0xffff).toString(16)}::1`, userAgent: null };
  await auth.startCode({ purpose: "enter", to }, facts);
  console.log(`asked ${to}`);
}
