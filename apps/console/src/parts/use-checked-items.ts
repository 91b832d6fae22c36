import { useState } from "react";
import { useTexts } from "../language.tsx";
import type { ChangedField } from "./changed.tsx";

/** Things of which some are ticked, while somebody else may change which they are. */
export interface Chosen {
  /** What there was when the form was opened, or when it was read last. */
  readonly before: readonly string[];
  readonly chosen: ReadonlySet<string>;
  choose(thing: string, is: boolean): void;
  /** Takes over what somebody else has made of it, and answers what that changed. What was touched here as well stays as it is ticked. */
  takeOver(now: readonly string[], nameOf?: (thing: string) => string): readonly ChangedField[];
}

/** @param present what there is when the form is opened */
export function useChosen(present: readonly string[]): Chosen {
  const texts = useTexts();
  const [before, setBefore] = useState(present);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(present));
  const say = (is: boolean) => (is ? texts.yes : texts.no);
  return {
    ...{ before, chosen },
    choose: (thing, is) => setChosen(withSome(chosen, [thing], () => is)),
    takeOver(now, nameOf = (thing) => thing) {
      const all = [...new Set([...before, ...now])];
      const [was, is] = [before, now].map((things) => (thing: string) => things.includes(thing)) as [Has, Has];
      const others = all.filter((thing) => was(thing) !== is(thing));
      const untouched = others.filter((thing) => chosen.has(thing) === was(thing));
      setChosen(withSome(chosen, untouched, is));
      setBefore(now);
      return others.map((thing) => ({ name: nameOf(thing), was: say(was(thing)), now: say(is(thing)) }));
    },
  };
}

type Has = (thing: string) => boolean;

/** The same, but for some of which each is in it or not. */
function withSome(chosen: ReadonlySet<string>, some: readonly string[], is: Has): ReadonlySet<string> {
  return new Set([...[...chosen].filter((thing) => !some.includes(thing)), ...some.filter(is)]);
}
