import { hash, verify } from "@node-rs/bcrypt";
import { answerParent } from "../processes/answer-parent.ts";

export interface Hashing {
  readonly cost: number;
  readonly hashes: number;
  /** How many run at once. */
  readonly concurrency: number;
}

const answers = {
  /** Checks so many passwords, and nothing else; answers how many that were a second. */
  async run({ cost, hashes, concurrency }: Hashing): Promise<number> {
    const encoded = await hash("another password", { cost });
    let begun = 0;
    const goOn = async () => {
      while (begun++ < hashes) await verify("correct horse battery", encoded);
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: concurrency }, goOn));
    return hashes / ((performance.now() - startedAt) / 1000);
  },
};

export type HashingAnswers = typeof answers;

process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => {});
answerParent(answers);
