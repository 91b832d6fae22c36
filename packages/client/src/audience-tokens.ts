import type { Call } from "./api-types.ts";
import { limit } from "./callbacks.ts";
import { readClaims } from "./kept-session.ts";
import type { TokenSource } from "./link.ts";
import { anotherPerson } from "./session-manager.ts";

/**
 * Gives the calls of other APIs tokens of their audiences, exchanged for the session's own: each for as long as the own one is used that it
 * was exchanged for.
 *
 * @param own gives the session's own token, which is that of no audience
 * @param call calls as the person who is signed in
 * @param longest milliseconds for which an answer is waited for
 */
export function createAudienceTokens(
  own: TokenSource,
  call: Call,
  longest?: number,
): (audience?: string) => TokenSource {
  const sources = new Map<string, TokenSource>();
  return (audience) => {
    if (audience === undefined) return own;
    const ask = async () => (await limit((given) => call("token.exchange", { audience }, given), longest)).token;
    const source = sources.get(audience) ?? createSource(own, ask);
    sources.set(audience, source);
    return source;
  };
}

function createSource(own: TokenSource, exchange: () => Promise<string>): TokenSource {
  let kept: { readonly own: string; readonly answer: Promise<string> } | undefined;

  async function findToken(): Promise<string | undefined> {
    const token = await own.findToken();
    if (token === undefined) return undefined;
    if (kept?.own !== token) kept = { own: token, answer: exchangeFor(token) };
    return kept.answer;
  }

  function exchangeFor(token: string): Promise<string> {
    const answer = exchange().then(async (text) => {
      if (readClaims(text).sub !== readClaims(token).sub) throw anotherPerson();
      // Meanwhile it may have been renewed, or somebody else have signed in.
      if ((await own.findToken()) !== token) forget(answer);
      return text;
    });
    answer.catch(() => forget(answer));
    return answer;
  }

  function forget(answer: unknown): void {
    if (kept?.answer === answer) kept = undefined;
  }

  /** Another token than the one that was refused; whether the session goes on is for the service to say when it is asked for it. */
  async function replaceToken(refused: string): Promise<string | undefined> {
    const answer = kept?.answer;
    if ((await answer?.catch(() => refused)) === refused) forget(answer);
    const token = await findToken();
    return token === refused ? undefined : token;
  }

  return {
    findToken,
    replaceToken,
    // Whether it is, the service says when it is asked for another token.
    endUnlessNewer: async () => {},
    async reauthenticate(request) {
      const isShown = (await own.reauthenticate?.(request)) ?? false;
      // The next one says when it was shown.
      kept = undefined;
      return isShown;
    },
  };
}
