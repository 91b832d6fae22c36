import { isAuthError } from "@latchkey/client";
import { type ReactElement, type ReactNode, useEffect, useState } from "react";
import { useTexts } from "../language.tsx";
import { Button } from "./button.tsx";
import { Fault } from "./state.tsx";

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

/** Lets the browser ask before a tab is closed or loaded anew in which something was typed. Answers what is called once that is so. */
function useAskBeforeLeaving(): () => void {
  const [isTyped, setTyped] = useState(false);
  useEffect(() => {
    if (!isTyped) return;
    const ask = (event: Event) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [isTyped]);
  return () => setTyped(true);
}
