import { randomBytes } from "node:crypto";
import { type Auth, createAuth, type Message, type Sender } from "@latchkey/auth";
import { defaultLimits } from "@latchkey/auth/internal";
import { createFirewall } from "@latchkey/auth/messages";
import { openStorage } from "@latchkey/auth/storage";
import type { Bench } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { compare, type Measurement } from "../measurement.ts";
import type { Place } from "../seeding/places.ts";
import type { Row } from "./row.ts";

/** Codes from asking to use, in the core; and what the rules against fraud take of it. */
export const codes: Row = {
  name: "codes",
  async measure(bench) {
    const place = await bench.places.small();
    return [await measureCodes(bench, place), await measureFirewall(bench, place)];
  },
};

/** What goes on at the same time. */
const atOnce = 16;

/** So large that nothing is refused. */
const free = {
  ...{ number: 1e6, numberByNetwork: 1e6, networkPerHour: 1e6, prefixPerHour: 1e6, prefixPerDay: 1e6 },
  ...{ countryPerHour: 1e6, countryPerDay: 1e6 },
};

async function measureCodes({ secret, sizes }: Bench, { connection, signedIn }: Place): Promise<Measurement> {
  const phone = createPhone();
  const messages = { senders: { sms: phone.sender }, countries: ["TR"], perDay: 1_000_000, limits: free };
  const auth = createAuth({ ...connection, max: atOnce }, { secret, messages, refusalDelay: 0 });
  try {
    await auth.initialize();
    let number = 0;
    let turn = 0;
    const figures = await interleave(sizes.repetitions, {
      measured: () => countPerSecond(sizes.seconds, () => useCode(auth, phone, ++number)),
      reference: () =>
        countPerSecond(sizes.seconds, async () => {
          await auth.authenticate([`Bearer ${signedIn[++turn % signedIn.length]?.token}`]);
        }),
    });
    const what = `codes asked for, sent and checked, against authenticate, ${atOnce} at once`;
    return compare({ row: "codes", what, unit: "codes/s", target: null }, figures, (figure) => figure);
  } finally {
    await auth.close();
  }
}

/** A phone that everything is sent to, and whoever waits for a message to a number. */
function createPhone() {
  const waiting = new Map<string, (message: Message) => void>();
  const sender: Sender = {
    async send(message) {
      waiting.get(message.to)?.(message);
      waiting.delete(message.to);
      return {};
    },
  };
  const expect = (to: string) => new Promise<Message>((resolve) => waiting.set(to, resolve));
  return { sender, expect };
}

/** Each from a network of its own, as people come. */
async function useCode(auth: Auth, phone: ReturnType<typeof createPhone>, number: number): Promise<void> {
  const to = `+90532${1_000_000 + (number % 9_000_000)}`;
  const address = `2001:db8:${(number >> 16).toString(16)}:${(number & 0xffff).toString(16)}::1`;
  const facts = { requestId: null, address, userAgent: null };
  const coming = phone.expect(to);
  const { challenge } = await auth.startCode({ purpose: "enter", to }, facts);
  const { code } = await coming;
  await auth.signInByCode({ challenge, code }, facts);
}

async function countPerSecond(seconds: number, work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  let done = 0;
  const isOver = () => performance.now() - startedAt >= seconds * 1_000;
  const repeat = async () => {
    do {
      await work();
      done += 1;
    } while (!isOver());
  };
  await Promise.all(Array.from({ length: atOnce }, repeat));
  return done / ((performance.now() - startedAt) / 1_000);
}

async function measureFirewall({ sizes }: Bench, { connection }: Place): Promise<Measurement> {
  const storage = openStorage(connection);
  try {
    const limits = { ...defaultLimits, ...free, countries: ["TR"], perDay: 1_000_000 };
    const firewall = createFirewall({ db: storage.db, key: randomBytes(32), limits, isEnforced: true });
    let number = 0;
    const admit = async () => {
      number += 1;
      const ask = { number: `+90533${1_000_000 + number}`, network: `2001:db8:${number}::`, isKnownDevice: false };
      await firewall.admit({ ...ask, isSent: true });
    };
    const figures = await interleave(sizes.repetitions, {
      measured: () => timeEach(sizes.lookups, admit),
      reference: async () => 1,
    });
    const what = "the rules against fraud, each ask one after the other, against one millisecond";
    return compare({ row: "codes", what, unit: "ms", target: { atMost: 1 } }, figures, (figure) => figure);
  } finally {
    await storage.close();
  }
}

/** Milliseconds of one, one after the other. */
async function timeEach(count: number, work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  for (let turn = 0; turn < count; turn += 1) await work();
  return (performance.now() - startedAt) / count;
}
