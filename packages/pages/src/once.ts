import { createHash } from "node:crypto";

/** Milliseconds for which the second sending of a form gets the answer of the first. */
const memory = 60_000;
const most = 2_000;

/** What may be answered otherwise a moment later. */
const toComeAgain = [429, 503];

/** What a form was answered, apart from any one response. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/**
 * Lets a form that is sent twice do one thing: the same form, from the same browser, gets the answer of the first sending, while that is
 * under way too. Every form has a number of its own, so that whoever fills it in anew is not taken for the same.
 */
export function createOnce(now: () => number = () => performance.now()) {
  const answers = new Map<string, { readonly answer: Promise<KeptAnswer>; readonly until: number }>();
  const clear = () => {
    for (const [key, { until }] of answers) {
      if (until > now() && answers.size <= most) return;
      answers.delete(key);
    }
  };
  return (parts: readonly string[], work: () => Promise<KeptAnswer>): Promise<KeptAnswer> => {
    clear();
    const key = createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
    const known = answers.get(key);
    if (known) return known.answer;
    const answer = work();
    answers.set(key, { answer, until: now() + memory });
    // A defect is nothing to be kept, and who was told to try again sends the same form again.
    const forget = () => answers.delete(key);
    answer.then(({ status }) => toComeAgain.includes(status) && forget(), forget);
    return answer;
  };
}

export type Once = ReturnType<typeof createOnce>;
