import { type AuthOptions, createAuth } from "@latchkey/auth";
import { importPeople } from "@latchkey/import";
import type pg from "pg";
import { answerParent } from "../processes/answer-parent.ts";

export interface Importing {
  readonly source: string;
  readonly connection: pg.PoolConfig;
  readonly secret: string;
  readonly people: number;
}

export interface Imported {
  readonly perSecond: number;
  /** The most that the process held, in bytes: until a tenth of the people were read, and in all. */
  readonly early: number;
  readonly greatest: number;
  /** Seconds until each part was done. */
  readonly parts: Readonly<Record<string, number>>;
  /** How many accounts there were after how many seconds, step by step. */
  readonly steps: readonly { readonly accounts: number; readonly seconds: number }[];
  /** Seconds of processor time of this process, beside PostgreSQL's. */
  readonly processor: number;
}

const options = {
  apply: true,
  accept: ["all"],
  skipsUndecided: false,
  phoneCountry: "TR",
  timezone: "UTC",
  map: {},
  drop: [],
  allowRaising: false,
  passwordCost: 12,
} as const;

const permissions = ["shop.order", "shop.approve_order"];

const answers = {
  /** Brings everybody over from a source, as the command does it. */
  async run({ source, connection, secret, people }: Importing): Promise<Imported> {
    const auth = createAuth(connection, { secret, permissions } as AuthOptions);
    await auth.initialize();
    let [early, greatest] = [0, 0];
    const parts: Record<string, number> = {};
    const steps: { accounts: number; seconds: number }[] = [];
    const usedBefore = process.cpuUsage();
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1_000;
    const onProgress = (what: string, done: number) => {
      greatest = Math.max(greatest, process.memoryUsage.rss());
      if (what === "read" && (early === 0 || done <= people / 10)) early = greatest;
      parts[what] = seconds();
      if (what === "import") steps.push({ accounts: done, seconds: seconds() });
    };
    const answer = await importPeople(auth, { ...options, source, connection, onProgress });
    const taken = seconds();
    const { user, system } = process.cpuUsage(usedBefore);
    await auth.close();
    if (answer.created !== people) throw new Error(`${answer.created} of ${people} people came over`);
    return { perSecond: people / taken, early, greatest, parts, steps, processor: (user + system) / 1e6 };
  },
};

export type ImportingAnswers = typeof answers;

process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => {});
answerParent(answers);
