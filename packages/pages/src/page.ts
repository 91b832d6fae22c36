import type { View } from "./layout.ts";
import type { Refusal } from "./refusal.ts";
import type { Visit } from "./visit.ts";

/** Where somebody is sent on. */
export interface Redirect {
  /** A path of the pages' own origin, as browsers know it. */
  readonly to: string;
  /** Whether it is the address of an app elsewhere, which was checked. */
  readonly isAway?: true;
}

/** A file to keep. */
export interface Download {
  readonly name: string;
  readonly json: unknown;
}

export type Answer = View | Redirect | Download;

/** What was typed. */
export interface Typed {
  /** The text of a field; empty when it was not there. */
  get(name: string): string;
  has(name: string): boolean;
}

/** One page: what it shows, and what its form does. */
export interface Page {
  readonly path: string;
  /** Whether it is for people who are signed in. */
  readonly isPrivate?: boolean;
  show?(visit: Visit): Promise<Answer> | Answer;
  /** A refusal that it throws is shown by `refuse`. */
  submit?(visit: Visit, typed: Typed): Promise<Answer> | Answer;
  /** The page once more, with why nothing was done. */
  refuse?(visit: Visit, typed: Typed, refusal: Refusal): Promise<Answer> | Answer;
}

export const isRedirect = (answer: Answer): answer is Redirect => "to" in answer;
export const isDownload = (answer: Answer): answer is Download => "json" in answer;
