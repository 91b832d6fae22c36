import { type ReactElement, useCallback, useEffect, useState } from "react";
import { resume, toSignIn } from "../entry.ts";
import { explain } from "../explain.ts";
import { useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Window } from "../parts/window.tsx";
import { isAnswer, queryClient } from "../service.ts";
import { onBack, onLook } from "../tab-messages.ts";

/**
 * The session is over while the page is open. What was typed stays below this window: somebody signs in again in another tab, and goes on
 * here.
 */
export function SessionEnded({ isOpen }: { readonly isOpen: boolean }): ReactElement {
  const texts = useTexts();
  const [fault, setFault] = useState<string | null>(null);
  const goOn = useCallback(async () => {
    try {
      await resume();
      setFault(null);
      await queryClient.invalidateQueries();
    } catch (error) {
      setFault(isAnswer(error) ? texts.ended.notYet : explain(error, texts));
    }
  }, [texts]);
  useEffect(() => {
    if (!isOpen) return;
    const stops = [onBack, onLook].map((on) => on(() => void goOn()));
    return () => {
      for (const stop of stops) stop();
    };
  }, [isOpen, goOn]);
  return (
    <Window title={texts.ended.title} isOpen={isOpen} isAlert>
      <p>{texts.ended.lead}</p>
      <p className="fault" role="status">
        {fault}
      </p>
      <div className="row end">
        <Button onPress={() => void goOn()}>{texts.ended.goOn}</Button>
        <a className="button main" href={toSignIn("/back")} target="_blank" rel="noopener">
          {texts.ended.signIn}
        </a>
      </div>
    </Window>
  );
}
