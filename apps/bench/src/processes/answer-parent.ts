// biome-ignore lint/suspicious/noExplicitAny: each handler names its own input; `Child.ask` holds the two sides together
export type Answers = Readonly<Record<string, (input: any) => unknown>>;

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: string };

/** Makes this process answer the questions of the one that started it, until that one is gone. */
export function answerParent(answers: Answers): void {
  process.on("message", async (question: Question) => {
    const reply = await answerQuestion(answers, question);
    if (process.connected) process.send?.(reply);
  });
  process.send?.({ id: 0, answer: null } satisfies Reply);
}

async function answerQuestion(answers: Answers, { id, name, input }: Question): Promise<Reply> {
  try {
    return { id, answer: await answers[name]?.(input) };
  } catch (error) {
    return { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
