import { type Count, defaultLimits, type FirewallLimits, findRefusingRule, noCount } from "./firewall-rules.ts";

/** Somebody who asks for a message in the simulation. */
export interface SimulatedAsk {
  /** Minutes since the beginning. */
  readonly at: number;
  readonly number: string;
  readonly network: string;
  readonly country: string;
  readonly isHonest: boolean;
  /** Whether they ask from a device that has signed in to the number's account before. */
  readonly isKnownDevice?: boolean;
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
  /** The same of the day of the fraud alone. */
  readonly honestAskedThen: number;
  readonly honestRefusedThen: number;
  /** Of these, people with a device that is known. */
  readonly knownAskedThen: number;
  readonly knownRefusedThen: number;
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
      hours.slice(Math.max(0, from), Math.max(0, to)).reduce((total, row) => total + (row?.[what] ?? 0), 0);
    const days = Array.from({ length: 14 }, (_, day) => sum(hour - 23 - day * 24, hour + 1 - day * 24, "proved"));
    return {
      hour: sum(hour, hour + 1, "counted"),
      day: sum(hour - 23, hour + 1, "counted"),
      provedHour: sum(hour, hour + 1, "proved"),
      provedDay: days[0] ?? 0,
      provedBest: Math.max(...days),
    };
  };
  const keysOf = ({ number, network, country, isKnownDevice = false }: SimulatedAsk) => ({
    // As in the firewall, where known devices have an allowance of their own and no network.
    number: isKnownDevice ? `k${number}` : `n${number}`,
    ...(!isKnownDevice && {
      numberByNetwork: `n${number}|${network}`,
      network: `w${network}`,
      prefixByNetwork: `p${number.slice(0, -4)}|${network}`,
      countryByNetwork: `c${country}|${network}`,
    }),
    prefix: `p${number.slice(0, -4)}`,
    range: `r${number.slice(0, -7)}`,
    countryTotal: `c${country}`,
    total: "total",
  });
  /** What a proof is counted in, and a message to a known device when it is proved. */
  const provedKeysOf = (ask: SimulatedAsk) => {
    const { network, prefixByNetwork, countryByNetwork, range, countryTotal } = keysOf(ask);
    return [network, prefixByNetwork, countryByNetwork, range, countryTotal].filter((key) => key !== undefined);
  };
  const result = {
    ...{ sent: 0, fraudSent: 0, mostSentInADay: 0 },
    ...{ honestAsked: 0, honestRefused: 0, honestAskedThen: 0, honestRefusedThen: 0 },
    ...{ knownAskedThen: 0, knownRefusedThen: 0 },
  };
  const fraudBegins = Math.min(...asks.filter(({ isHonest }) => !isHonest).map(({ at }) => at));
  const proofs: SimulatedAsk[] = [];
  for (const ask of [...asks].sort((a, b) => a.at - b.at)) {
    for (let proof = proofs[0]; proof && proof.at + 1 <= ask.at; proof = proofs[0]) {
      proofs.shift();
      for (const key of provedKeysOf(proof)) {
        if (proof.isKnownDevice) add(key, proof.at + 1, "counted");
        add(key, proof.at + 1, "proved");
      }
    }
    const keys = keysOf(ask);
    const of = (key: string | undefined) => (key && counts.has(key) ? read(key, ask.at) : noCount);
    const rule = findRefusingRule(
      {
        isMobile: true,
        country: ask.country,
        isKnownDevice: ask.isKnownDevice ?? false,
        number: of(keys.number),
        numberByNetwork: of(keys.numberByNetwork),
        network: of(keys.network),
        prefix: of(keys.prefix),
        prefixByNetwork: of(keys.prefixByNetwork),
        range: of(keys.range),
        countryTotal: of(keys.countryTotal),
        countryByNetwork: of(keys.countryByNetwork),
        total: of(keys.total),
      },
      limits,
    );
    const isThen = ask.at >= fraudBegins;
    if (ask.isHonest) result.honestAsked += 1;
    if (ask.isHonest && isThen) result.honestAskedThen += 1;
    const isKnownPerson = ask.isHonest && ask.isKnownDevice;
    if (isKnownPerson && isThen) result.knownAskedThen += 1;
    if (rule) {
      if (ask.isHonest) result.honestRefused += 1;
      if (ask.isHonest && isThen) result.honestRefusedThen += 1;
      if (isKnownPerson && isThen) result.knownRefusedThen += 1;
      continue;
    }
    const { range, countryTotal, ...taken } = keys;
    for (const key of Object.values(taken)) add(key, ask.at, "counted");
    if (!ask.isKnownDevice) for (const key of [range, countryTotal]) add(key, ask.at, "counted");
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

/** Ranges of the operators of one country, such as `+90530`, from which its people come, of some more often than of others. */
const ranges = Array.from({ length: 30 }, (_, index) => `+905${30 + index}`);
const rangeOf = (random: () => number) => ranges[Math.floor(random() ** 1.5 * ranges.length)] ?? "";

const numberOf = (range: string, random: () => number) =>
  `${range}${String(Math.floor(random() * 1e7)).padStart(7, "0")}`;

/** People of one country who come through the day, of whom 92 in a hundred type their code, and one in ten has a device that is known. */
function honest({ perDay, from, days }: { perDay: number; from: number; days: number }): SimulatedAsk[] {
  const random = createRandom();
  return Array.from({ length: perDay * days }, (_, index) => ({
    at: (from + random() * days) * day,
    number: numberOf(rangeOf(random), random),
    network: `home${index}`,
    country: "TR",
    isHonest: true,
    isKnownDevice: index % 10 === 0,
    isProved: random() < 0.92,
  }));
}

function attack(asks: number, make: (index: number, random: () => number) => Partial<SimulatedAsk>): SimulatedAsk[] {
  const random = createRandom();
  return Array.from({ length: asks }, (_, index) => ({
    at: (5 + random()) * day,
    number: `+90501000${String(index % 10_000).padStart(4, "0")}`,
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
  /** Messages of fraud that the rules let through, where it is more than 30. */
  readonly mostFraud?: number;
}

const limits: FirewallLimits = { ...defaultLimits, countries: ["TR"] };
const people = () => honest({ perDay: 300, from: 0, days: 6 });

/** Networks and prefixes that are all new, which no limit of either can see. */
const spread = (range: (random: () => number) => string) => (index: number, random: () => number) => ({
  network: `bot${index}`,
  number: numberOf(range(random), random),
});

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
          number: numberOf(`+${index % 40}`, random),
        })),
      ],
      limits,
    },
    {
      name: "a fraudster who proves a prefix of their own",
      asks: [...people(), ...attack(10_000, () => ({ isProved: true }))],
      limits,
    },
    {
      name: "a popular launch day, announced",
      asks: honest({ perDay: 2_000, from: 0, days: 1 }),
      limits: { ...limits, launchBudget: 2_000 },
    },
    {
      name: "a botnet in the one country, 500 networks and prefixes, in ranges of its operator",
      asks: [
        ...people(),
        ...attack(
          500,
          spread((random) => `+90${500 + Math.floor(random() * 10)}`),
        ),
      ],
      limits,
    },
    {
      name: "a fraudster who signs in first: 40 accounts with a number each, whose devices are known",
      asks: [...people(), ...attack(1_000, (index) => ({ ...ofSimCard(index % 40), isKnownDevice: true }))],
      limits,
      mostFraud: 40 * limits.numberByKnownDevice,
    },
  ];
}

/** SIM cards of many prefixes and ranges, each of which calls from a network of its own. */
const ofSimCard = (nth: number) => ({
  number: `${ranges[nth % ranges.length]}${String(1_000_000 + nth * 10_007).slice(-7)}`,
  network: `bot${nth}`,
});

/**
 * What the rules cannot tell from people: numbers, networks and prefixes that are new, in the ranges of everybody. It costs no more than the
 * budget, and honest people who come for the first time that day are refused.
 */
export function listScenariosBeyond(): readonly Scenario[] {
  return [
    {
      name: "a botnet in the one country, 500 networks and prefixes, in the ranges of everybody",
      asks: [...people(), ...attack(500, spread(rangeOf))],
      limits,
      // Proofs of honest people are 276 a day, of which 30 % may be asked for besides and not proved.
      mostFraud: 0.3 * 276,
    },
    {
      name: "one address, which types numbers of everybody",
      asks: [
        ...people(),
        ...attack(10_000, (_, random) => ({ network: "bot", number: numberOf(rangeOf(random), random) })),
      ],
      limits,
    },
    {
      name: "a SIM farm, which proves 20 numbers in each of 40 prefixes",
      asks: [
        ...people(),
        ...attack(800, (index) => ({
          number: `+9050${String(1_000_000 + (index % 40) * 10_000 + Math.floor(index / 40))}`,
          network: `bot${index}`,
          isProved: true,
        })),
      ],
      limits,
      // What strangers have of the day, in which proofs give nothing back.
      mostFraud: 0.7 * limits.perDay,
    },
  ];
}

/** Prints what each scenario costs and whom it refuses. */
export function runPump(print: (line: string) => void): void {
  for (const scenario of [...listScenarios(), ...listScenariosBeyond()]) {
    const result = simulate(scenario.asks, scenario.limits);
    const share = ((100 * result.honestRefused) / result.honestAsked).toFixed(2);
    print(
      `${scenario.name}: ${result.fraudSent} messages of fraud, ${result.mostSentInADay} in all on the fullest day, ` +
        `${result.honestRefused} of ${result.honestAsked} honest people refused (${share} %), ` +
        `${result.honestRefusedThen} of ${result.honestAskedThen} while it lasts, ` +
        `of those with a known device ${result.knownRefusedThen} of ${result.knownAskedThen}`,
    );
  }
}

if (import.meta.main) runPump(console.log);
