/** Seconds, as the service under test has them. */
export interface Lifetimes {
  readonly grace: number;
  readonly retry: number;
  readonly idle: number;
  readonly absolute: number;
}

/** What the protocol prescribes as the answer to a refresh token: the token of a generation, or a refusal. */
export type Verdict =
  | { readonly generation: number }
  | { readonly reason: "session_ended" | "refresh_token_reused" | "unavailable" };

/**
 * The protocol in its simplest form, against which the service is held: one session, whose refresh tokens are numbered in the order
 * in which they became the present one. The numbers are those that access tokens carry.
 */
export class SessionModel {
  /** The newest refresh token's number. */
  generation = 0;
  /** The number of the one before, to which the newest is an answer; null before the first refresh. */
  previous: number | null = null;
  /** The text of every refresh token that was answered, by its number. */
  readonly texts: string[];
  /** Whether somebody else has used one of its tokens. */
  isTheftUnderWay = false;
  /** Why it was ended before its time. */
  ended: string | null = null;
  /** How often a token was answered beyond the grace time, because its answer seemed lost. */
  lateAnswers = 0;
  /** Answers to the token before that nobody had used, and that gave way to another one. */
  #givenUp: number[] = [];
  /** Whether no token of before leads to the newest one. */
  #isBegunAnew = false;
  #isUsed = true;
  #userAgent: string | null = null;
  /** When the token before was answered first, and last. */
  #answeredAt: number;
  #rotatedAt: number;
  readonly #lifetimes: Lifetimes;
  readonly #startedAt: number;

  constructor(refreshToken: string, at: number, lifetimes: Lifetimes) {
    this.texts = [refreshToken];
    this.#lifetimes = lifetimes;
    this.#startedAt = at;
    this.#answeredAt = at;
    this.#rotatedAt = at;
  }

  /** Whether it is over at a time, ended or run out. */
  isOver(at: number): boolean {
    const { idle, absolute } = this.#lifetimes;
    return this.ended !== null || at >= this.#startedAt + absolute || at >= this.#rotatedAt + idle;
  }

  isWithinGrace(at: number): boolean {
    return this.generation > 0 && at < this.#rotatedAt + this.#lifetimes.grace;
  }

  /** An access token that was issued with a generation is accepted. */
  use(generation: number): void {
    if (generation === this.generation) this.#isUsed = true;
  }

  /** Somebody presents a refresh token. */
  present(generation: number, at: number, userAgent: string | null): Verdict {
    if (this.isOver(at)) return { reason: "session_ended" };
    if (generation === this.generation) return this.#rotate(generation, at, userAgent);
    if (this.#isBegunAnew && this.isWithinGrace(at)) return { reason: "unavailable" };
    const isLost = !this.#isUsed && at < this.#answeredAt + this.#lifetimes.retry && userAgent === this.#userAgent;
    if (!this.#isBegunAnew && generation === this.previous) {
      if (this.isWithinGrace(at)) return this.#repeat(userAgent);
      if (isLost) return this.#answerAnew(at);
    }
    if (isLost && this.#givenUp.includes(generation)) {
      this.lateAnswers += 1;
      return this.#rotate(generation, at, userAgent);
    }
    this.ended = "refresh_token_reused";
    return { reason: "refresh_token_reused" };
  }

  /** The password is changed: what was handed out before leads nowhere any more. */
  changePassword(at: number): Verdict {
    if (this.isOver(at)) return { reason: "session_ended" };
    this.#rotate(this.generation, at, null);
    this.#isBegunAnew = true;
    this.#isUsed = true;
    return { generation: this.generation };
  }

  #rotate(presented: number, at: number, userAgent: string | null): Verdict {
    this.#givenUp = [];
    this.previous = presented;
    this.#isBegunAnew = false;
    this.#isUsed = false;
    this.#userAgent = userAgent;
    this.#answeredAt = at;
    return this.#next(at);
  }

  #repeat(userAgent: string | null): Verdict {
    this.#userAgent = userAgent;
    return { generation: this.generation };
  }

  #answerAnew(at: number): Verdict {
    this.lateAnswers += 1;
    this.#givenUp.push(this.generation);
    return this.#next(at);
  }

  #next(at: number): Verdict {
    this.generation += 1;
    this.#rotatedAt = at;
    return { generation: this.generation };
  }
}
