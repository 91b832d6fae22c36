import { answerParent } from "../processes/answer-parent.ts";
import { Connection } from "./connection.ts";
import type { Crowd, Outcome, Stretch } from "./plan.ts";
import { createVisitor } from "./virtual-user.ts";
import { runStretch } from "./windows.ts";

const crowds = new Map<number, readonly Connection[]>();
let lastCrowd = 0;

/** The number of an address that no visitor has who comes alone. */
const sharedAddress = 60_000;

const find = (id: number): readonly Connection[] => {
  const crowd = crowds.get(id);
  if (!crowd) throw new RangeError("There is no such crowd");
  return crowd;
};

const answers = {
  open({ url, connections, plan, isTogether = false }: Crowd): number {
    const numbers = Array.from({ length: connections }, (_, number) => number);
    const crowd = numbers.map((number) => {
      const address = isTogether ? sharedAddress : number;
      return new Connection(url, address, createVisitor(plan, number, connections));
    });
    crowds.set(++lastCrowd, crowd);
    return lastCrowd;
  },
  run: ({ id, stretch }: { id: number; stretch: Stretch }): Promise<Outcome> => runStretch(find(id), stretch),
  async close({ id }: { id: number }): Promise<void> {
    await Promise.all(find(id).map((connection) => connection.close()));
    crowds.delete(id);
  },
  /** Microseconds of processor time that this process has used. */
  usage: (_: object): number => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

export type LoadAnswers = typeof answers;

process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => {});
answerParent(answers);
