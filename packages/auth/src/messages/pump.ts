import { type Count, defaultLimits, type FirewallLimits, findRefusingRule, noCount } from "./firewall-rules.ts";

/** Somebody who asks for a message in the simulation. */
export interface SimulatedAsk {
  /** Minutes since the beginning. */
  readonly at: number;
  readonly number: string;
  readonly prefix: string;
  readonly network: string;
  readonly country: string;
  readonly isHonest: boolean;
  /** Whether the code comes back, a minute later. */
  readonly isProved: boolean;
}

export interface PumpResult {
  readonly sent: number;
  /** Messages of the fraud, on the worst day. */
  readonly fraudSent: number;
  readonly mostSentInADay: number;
  readonly honestAsked: number;
  readonly honestRefused: number;
}

/** Runs asks through the firewall's rules, in the order of time and without a database. */
export function simulate(asks: readonly SimulatedAsk[], limits: FirewallLimits): PumpResult {
  const counts = new Map<string, { counted: number; proved: number }[]>();
  const hoursOf = (key: string) => {
    const hours = counts.get(key) ?? [];
    counts.set(key, hours);
    return hours;
  };
  const add = (key: string, at: number, what: "counted" | "proved") => {
    const hours = hoursOf(key);
    const hour = Math.floor(at / 60);
    const row = hours[hour] ?? { counted: 0, proved: 0 };
    row[what] += 1;
    hours[hour] = row;
  };
  const read = (key: string, at: number): Count => {
    const hours = hoursOf(key);
    const hour = Math.floor(at / 60);
    const sum = (from: number, to: number, what: "counted" | "proved") =>
      hours.slice(Math.max(0, from), to).reduce((total, row) => total + (row?.[what] ?? 0), 0);
    const days = Array.from({ length: 14 }, (_, day) => sum(hour - 23 - day * 24, hour + 1 - day * 24, "proved"));
    return {
      hour: sum(hour, hour + 1, "counted"),
      day: sum(hour - 23, hour + 1, "counted"),
      provedHour: sum(hour, hour + 1, "proved"),
      provedDay: days[0] ?? 0,
      provedBest: Math.max(...days),
    };
  };
  const keysOf = ({ number, network, prefix, country }: SimulatedAsk) => ({
    number: `n${number}`,
    numberByNetwork: `n${number}|${network}`,
    network: `w${network}`,
    prefix: `p${prefix}`,
    countryTotal: `c${country}`,
    total: "total",
  });
  const result = { sent: 0, fraudSent: 0, mostSentInADay: 0, honestAsked: 0, honestRefused: 0 };
  const proofs: SimulatedAsk[] = [];
  for (const ask of [...asks].sort((a, b) => a.at - b.at)) {
    for (let proof = proofs[0]; proof && proof.at + 1 <= ask.at; proof = proofs[0]) {
      proofs.shift();
      const { network, countryTotal } = keysOf(proof);
      for (const key of [network, countryTotal]) add(key, proof.at + 1, "proved");
    }
    const keys = keysOf(ask);
    const of = (key: string) => (counts.has(key) ? read(key, ask.at) : noCount);
    const rule = findRefusingRule(
      {
        isMobile: true,
        country: ask.country,
        isKnownDevice: false,
        number: of(keys.number),
        numberByNetwork: of(keys.numberByNetwork),
        network: of(keys.network),
        prefix: of(keys.prefix),
        countryTotal: of(keys.countryTotal),
        total: of(keys.total),
      },
      limits,
    );
    if (ask.isHonest) result.honestAsked += 1;
    if (rule) {
      if (ask.isHonest) result.honestRefused += 1;
      continue;
    }
    for (const key of Object.values(keys)) add(key, ask.at, "counted");
    result.sent += 1;
    if (!ask.isHonest) result.fraudSent += 1;
    result.mostSentInADay = Math.max(result.mostSentInADay, read(keys.total, ask.at).day);
    if (ask.isProved) proofs.push(ask);
  }
  return result;
}

const day = 1_440;

/** The same numbers in every run: a linear congruential generator (Numerical Recipes). */
function createRandom(): () => number {
  let state = 42;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** People of one country who sign up through the day, of whom 92 in a hundred type their code. */
function honest({ perDay, from, days }: { perDay: number; from: number; days: number }): SimulatedAsk[] {
  const random = createRandom();
  return Array.from({ length: perDay * days }, (_, index) => ({
    at: (from + random() * days) * day,
    number: `+9053${index}`,
    prefix: `+9053${Math.floor(random() * 3_000)}`,
    network: `home${index}`,
    country: "TR",
    isHonest: true,
    isProved: random() < 0.92,
  }));
}

function attack(asks: number, make: (index: number, random: () => number) => Partial<SimulatedAsk>): SimulatedAsk[] {
  const random = createRandom();
  return Array.from({ length: asks }, (_, index) => ({
    at: (5 + random()) * day,
    number: `+9055${index}`,
    prefix: "+90555000",
    network: `bot${index % 1_000}`,
    country: "TR",
    isHonest: false,
    isProved: false,
    ...make(index, random),
  }));
}

/** An attack beside five days of honest people before it, and one with it. */
export interface Scenario {
  readonly name: string;
  readonly asks: readonly SimulatedAsk[];
  readonly limits: FirewallLimits;
}

const limits: FirewallLimits = { ...defaultLimits, countries: ["TR"] };
const people = () => honest({ perDay: 300, from: 0, days: 6 });

export function listScenarios(): readonly Scenario[] {
  return [
    {
      name: "10,000 numbers of one prefix, 1,000 addresses",
      asks: [...people(), ...attack(10_000, () => ({}))],
      limits,
    },
    {
      name: "a botnet over 40 countries that are not named",
      asks: [
        ...people(),
        ...attack(20_000, (index, random) => ({
          country: `C${index % 40}`,
          prefix: `+${index % 40}${Math.floor(random() * 500)}`,
        })),
      ],
      limits,
    },
    {
      name: "a fraudster who proves a range of their own",
      asks: [...people(), ...attack(10_000, () => ({ isProved: true }))],
      limits,
    },
    {
      name: "a popular launch day, announced",
      asks: honest({ perDay: 2_000, from: 0, days: 1 }),
      limits: { ...limits, launchBudget: 2_000 },
    },
  ];
}

/**
 * What the rules cannot tell from people: numbers, networks and prefixes that are new, in a country that is named. It costs no more than the
 * budget, and honest people who come for the first time that day are refused.
 */
export function listScenariosBeyond(): readonly Scenario[] {
  const spread = (index: number, random: () => number) => ({
    network: `bot${index}`,
    prefix: `+90${Math.floor(random() * 500)}`,
  });
  return [
    {
      name: "a botnet in the one country, of 500 networks and prefixes",
      asks: [...people(), ...attack(500, spread)],
      limits,
    },
  ];
}

/** Prints what each scenario costs and whom it refuses. */
export function runPump(print: (line: string) => void): void {
  for (const scenario of [...listScenarios(), ...listScenariosBeyond()]) {
    const { mostSentInADay, fraudSent, honestRefused, honestAsked } = simulate(scenario.asks, scenario.limits);
    const share = ((100 * honestRefused) / honestAsked).toFixed(2);
    print(
      `${scenario.name}: ${fraudSent} messages of fraud, ${mostSentInADay} in all on the fullest day, ` +
        `${honestRefused} of ${honestAsked} honest people refused (${share} %)`,
    );
  }
}

if (import.meta.main) runPump(console.log);
