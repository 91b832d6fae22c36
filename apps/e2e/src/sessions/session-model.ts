/** Seconds, as the service under test has them. */
export interface Lifetimes {
  readonly grace: number;
  readonly idle: number;
  readonly absolute: number;
}

/** What the protocol prescribes as the answer to a refresh token: the token of a generation, or a refusal. */
export type Verdict = { readonly generation: number } | { readonly reason: "session_ended" | "refresh_token_reused" };

/**
 * The protocol in its simplest form, against which the service is held: one session, whose refresh tokens are numbered. Number
 * n + 1 is the one successor of number n.
 */
export class SessionModel {
  /** The newest refresh token's number. */
  generation = 0;
  /** The text of every refresh token that was answered, by its number. */
  readonly texts: string[];
  /** Whether somebody else has used one of its tokens. */
  isTheftUnderWay = false;
  /** Why it was ended before its time. */
  ended: string | null = null;
  readonly #lifetimes: Lifetimes;
  readonly #startedAt: number;
  #rotatedAt: number;

  constructor(refreshToken: string, at: number, lifetimes: Lifetimes) {
    this.texts = [refreshToken];
    this.#lifetimes = lifetimes;
    this.#startedAt = at;
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

  /** Somebody presents a refresh token. */
  present(generation: number, at: number): Verdict {
    if (this.isOver(at)) return { reason: "session_ended" };
    if (generation === this.generation) return this.rotate(at);
    if (generation === this.generation - 1 && this.isWithinGrace(at)) return { generation: this.generation };
    this.ended = "refresh_token_reused";
    return { reason: "refresh_token_reused" };
  }

  /** The password is changed: the session moves on, or stays where it has just moved to. */
  changePassword(at: number): Verdict {
    if (this.isOver(at)) return { reason: "session_ended" };
    return this.isWithinGrace(at) ? { generation: this.generation } : this.rotate(at);
  }

  rotate(at: number): Verdict {
    this.generation += 1;
    this.#rotatedAt = at;
    return { generation: this.generation };
  }
}
