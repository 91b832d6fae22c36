import type { Texts } from "../languages/en.ts";
import type { Series } from "./bars.tsx";
import { addUp } from "./steps.ts";

/** What became of messages in a stretch of time, as the service counts it. */
export interface MessageSpan {
  readonly from: string | Date;
  readonly asked: number;
  readonly sent: number;
  readonly delivered: number;
  readonly failed: number;
  readonly proved: number;
  readonly refused: number;
}

/** What was delivered, has failed or came back is among what was sent, or was asked for: it is in the table, and bars would show it twice. */
const kinds = {
  asked: "listed",
  sent: "good",
  delivered: "listed",
  proved: "listed",
  failed: "bad",
  refused: "refused",
} as const;

/** Messages over time, as a chart shows them. */
export const toMessageSeries = (
  steps: readonly number[],
  spans: readonly MessageSpan[],
  { messages: { columns } }: Pick<Texts, "messages">,
): readonly Series[] =>
  (Object.keys(kinds) as (keyof typeof kinds)[]).map((name) => ({
    name: columns[name],
    kind: kinds[name],
    values: addUp(steps, spans, (span) => span[name]),
  }));
