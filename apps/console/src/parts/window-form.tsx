import { isAuthError } from "@latchkey/client";
import { type ReactElement, type ReactNode, useContext, useEffect, useState } from "react";
import { useTexts } from "../language.tsx";
import { Button } from "./button.tsx";
import { Fault } from "./state.tsx";
import { HasTyped } from "./window.tsx";

interface WindowFormProps {
  /** What stands above the fields. */
  readonly lead?: ReactNode;
  /** Why it could not be done, where no field says it. */
  readonly error: unknown;
  /** What is done, as the button says it. */
  readonly act: string;
  readonly isPending: boolean;
  onSubmit(): void;
  onCancel(): void;
  readonly children: ReactNode;
}

/** The form of a window. What somebody else has changed meanwhile is for the lead to tell. */
export function WindowForm({
  lead,
  error,
  act,
  isPending,
  onSubmit,
  onCancel,
  children,
}: WindowFormProps): ReactElement {
  const texts = useTexts();
  const noteTyped = useAskBeforeLeaving();
  return (
    <form
      className="stack"
      onInput={noteTyped}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {lead}
      {error != null && !isAuthError(error, "changed_meanwhile") && <Fault error={error} />}
      {children}
      <div className="row end">
        <Button onPress={onCancel}>{texts.cancel}</Button>
        <Button kind="main" type="submit" isPending={isPending}>
          {act}
        </Button>
      </div>
    </form>
  );
}

/**
 * Has the window ask before it is closed in which something was typed, and the browser before the tab is closed or loaded anew. Answers what
 * is called once that is so.
 */
function useAskBeforeLeaving(): () => void {
  const [isTyped, setTyped] = useState(false);
  const hasTyped = useContext(HasTyped);
  useEffect(() => {
    if (!isTyped) return;
    const ask = (event: Event) => event.preventDefault();
    hasTyped.current = true;
    addEventListener("beforeunload", ask);
    return () => {
      hasTyped.current = false;
      removeEventListener("beforeunload", ask);
    };
  }, [isTyped, hasTyped]);
  return () => setTyped(true);
}
