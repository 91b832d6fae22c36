import { type PhoneNumber, phonePattern } from "./grammar.ts";

/** An old form of numbers and the present one: a small letter stands for a digit that stays, a digit for itself. */
type Renumbering = readonly [was: string, is: string];

export interface PlanChange {
  /** Who published it, and since when it holds. */
  readonly source: string;
  readonly renumberings: readonly Renumbering[];
}

/** `was` and `is` as prefixes that belong together, in one line of text, before digits that stay. */
function prefixes(rest: string, pairs: string): Renumbering[] {
  return pairs.split(" ").map((pair) => {
    const [was = "", is = ""] = pair.split(">");
    return [was + rest, is + rest];
  });
}

/** The second digit of an old mobile number in Ivory Coast tells the operator, and so the two digits before the new one. */
const ivorianMobiles = [..."0456789"].flatMap((first) =>
  [..."0123456789"].map((second): Renumbering => {
    const operator = second < "4" ? "01" : second < "7" ? "05" : "07";
    return [`225${first}${second}cdefgh`, `225${operator}${first}${second}cdefgh`];
  }),
);

/** Fixed lines there, by their first three digits; those of operators whose ranges are not certain are left out. */
const ivorianLines = "202 203 212 213 215 217 222 224 225 234 235 243 244 245 306 316 319 327 337 347 357 367".split(
  " ",
);

/**
 * Numbering plans that write one line in two ways, for good or since a change. The first form is read as the second, under which a
 * line is stored and found. A change stands here where the plan gives every old number one new number, and the old one to nobody
 * else: Vietnam's fixed lines are left out, because the old `08` of Ho Chi Minh City is a mobile prefix now; Monaco's `44` and `45`, which
 * mobiles in Kosovo once had, because they are Monaco's again.
 */
export const planChanges: Readonly<Record<string, PlanChange>> = {
  AR: {
    source:
      "ENACOM, Plan Fundamental de Numeración Nacional: ten digits are one line, and a 9 before them is for mobiles called from abroad",
    renumberings: prefixes("bcdefghij", "541>5491 542>5492 543>5493"),
  },
  BJ: {
    source: "ARCEP Bénin: ten digits since 30 November 2024, all of them with 01 in front",
    renumberings: prefixes("bcdefgh", "2292>229012 2294>229014 2295>229015 2296>229016 2299>229019"),
  },
  BR: {
    source: "Anatel, Resolução 553/2010: a ninth digit in front of mobile numbers, everywhere since 6 November 2016",
    renumberings: [..."689"].map((first): Renumbering => [`55ab${first}cdefghi`, `55ab9${first}cdefghi`]),
  },
  CI: {
    source: "ARTCI: ten digits since 31 January 2021, two of the operator in front",
    renumberings: [
      ...ivorianMobiles,
      ...ivorianLines.map((line): Renumbering => [`225${line}defgh`, `22527${line}defgh`]),
      ...[..."01234"].map((area): Renumbering => [`2252${area}0defgh`, `225252${area}0defgh`]),
    ],
  },
  CM: {
    source: "ART: nine digits since 21 November 2014, 6 in front of mobile numbers and 2 in front of fixed ones",
    renumberings: prefixes("bcdefgh", "2372>23722 2373>23723 2375>23765 2376>23766 2377>23767 2378>23768 2379>23769"),
  },
  CO: {
    source: "CRC, Resolución 5826 de 2019: ten digits since 1 September 2021, 60 in front of fixed lines",
    renumberings: prefixes("bcdefgh", "571>57601 572>57602 574>57604 575>57605 576>57606 577>57607 578>57608"),
  },
  EG: {
    source: "NTRA: eleven digits with the trunk zero since 6 October 2011",
    renumberings: [
      ...prefixes("cdefghi", "2010>20100 2011>20111 2012>20122 2014>20114 2016>20106 2017>20127 2018>20128 2019>20109"),
      ...prefixes("defghij", "20150>20120 20151>20101 20152>20112"),
    ],
  },
  GA: {
    source:
      "ARCEP Gabon: eight digits and a trunk zero since 15 November 2019, and nothing else since 6 April 2024; seven digits were, until 2005, the same line with a zero in front",
    renumberings: [
      ...prefixes("cdefgh", "24101>24111 24102>24162 24104>24174 24105>24165 24106>24166 24107>24177"),
      ...prefixes("bcdefg", "2412>24162 2413>24103 2414>24174 2415>24165 2416>24166 2417>24177"),
    ],
  },
  IL: {
    source:
      "ITU-T E.164, code 970; Ministry of Communications of Israel: 056, 059, 022, 042, 082 and 092 are reached by 970 too",
    renumberings: [
      ...prefixes("cdefghi", "97256>97056 97259>97059"),
      ...prefixes("defgh", "972222>970222 972223>970223 972224>970224 972227>970227 972228>970228"),
      ...prefixes("defgh", "972229>970229 972424>970424 972425>970425 972820>970820 972821>970821 972824>970824"),
      ...prefixes(
        "defgh",
        "972825>970825 972826>970826 972828>970828 972923>970923 972925>970925 972926>970926 972929>970929",
      ),
    ],
  },
  IT: {
    source: "ITU-T E.164, code 378: San Marino's fixed lines are reached by Italy's 0549 too",
    renumberings: prefixes("fghij", "3905498>37805498 3905499>37805499"),
  },
  MU: {
    source: "ICTA: eight digits since 1 September 2013, 5 in front of mobile numbers",
    renumberings: prefixes("bcdefg", "2307>23057 2309>23059"),
  },
  MX: {
    source:
      "IFT, Plan Técnico Fundamental de Numeración: no 1 in front of mobile numbers called from abroad since 3 August 2019",
    renumberings: [["521abcdefghij", "52abcdefghij"]],
  },
  SI: {
    source: "ITU-T E.164, code 383: Kosovo's own since 15 December 2016; its mobiles had been in Slovenia's plan",
    renumberings: prefixes("cdefgh", "38643>38343 38649>38349"),
  },
  VN: {
    source:
      "Ministry of Information and Communications: mobile numbers of eleven digits became ten from 15 September to 14 November 2018",
    renumberings: prefixes(
      "defghij",
      "84120>8470 84121>8479 84122>8477 84126>8476 84128>8478 84123>8483 84124>8484 84125>8485 84127>8481 84129>8482 " +
        "84162>8432 84163>8433 84164>8434 84165>8435 84166>8436 84167>8437 84168>8438 84169>8439 84186>8456 84188>8458 84199>8459",
    ),
  },
};

/** Trunk prefixes that plans have given up since, by country, in front of whole numbers. Mexico's ended with its change above. */
export const formerTrunkPrefixes: Readonly<Record<string, RegExp>> = { MX: /^(?:01|044|045)(?=[0-9]{10}$)/ };

interface Rule {
  readonly pattern: RegExp;
  readonly template: string;
}

function toRule(from: string, to: string): Rule {
  const source = from.replace(/[a-z]/g, (letter) => String.raw`(?<${letter}>\d)`);
  return {
    pattern: new RegExp(String.raw`^\+${source}$`),
    template: `+${to}`.replace(/[a-z]/g, (letter) => `$<${letter}>`),
  };
}

const allRenumberings = Object.values(planChanges).flatMap(({ renumberings }) => renumberings);

/** By the plus sign and two digits, so that a number is held against few rules. */
function byPlan(rules: readonly (readonly [from: string, to: string])[]): ReadonlyMap<string, readonly Rule[]> {
  return Map.groupBy(
    rules.map(([from, to]) => toRule(from, to)),
    ({ pattern }) => pattern.source.slice(2, 5),
  );
}

const toPresent = byPlan(allRenumberings);
const toEarlier = byPlan(allRenumberings.map(([was, is]) => [is, was] as const));

const e164 = new RegExp(phonePattern);

function rewrite(rules: ReadonlyMap<string, readonly Rule[]>, number: string): PhoneNumber[] {
  const rewritten = (rules.get(number.slice(0, 3)) ?? [])
    .filter(({ pattern }) => pattern.test(number))
    .map(({ pattern, template }) => number.replace(pattern, template));
  return rewritten.filter((value): value is PhoneNumber => e164.test(value));
}

/** What the numbering plan makes of a number in E.164 now: itself, unless it is of an old form. */
export function toPresentForm(number: PhoneNumber): PhoneNumber {
  return rewrite(toPresent, number)[0] ?? number;
}

/** The other forms in which the line of a number in its present form may have been written, and stored, before. */
export function earlierFormsOf(number: PhoneNumber): PhoneNumber[] {
  return rewrite(toEarlier, number);
}
