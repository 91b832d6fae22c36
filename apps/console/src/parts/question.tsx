import { useMutation } from "@tanstack/react-query";
import type { ReactElement, ReactNode } from "react";
import { useTexts } from "../language.tsx";
import { Button } from "./button.tsx";
import { Fault } from "./state.tsx";
import { Window } from "./window.tsx";

interface QuestionProps {
  readonly title: string;
  readonly children: ReactNode;
  /** What is done, as the button says it. */
  readonly act: string;
  readonly isDangerous?: boolean;
  readonly isOpen: boolean;
  onClose(): void;
  onAct(): Promise<unknown>;
}

/** Asks before something that cannot simply be taken back. */
export function Question({
  title,
  children,
  act,
  isDangerous = false,
  isOpen,
  onClose,
  onAct,
}: QuestionProps): ReactElement {
  const texts = useTexts();
  const action = useMutation({ mutationFn: onAct, onSuccess: onClose });
  const close = () => {
    action.reset();
    onClose();
  };
  return (
    <Window title={title} isOpen={isOpen} onClose={close} isAlert>
      <div className="stack">
        {children}
        {action.error && <Fault error={action.error} />}
        <div className="row end">
          <Button onPress={close} autoFocus>
            {texts.cancel}
          </Button>
          <Button kind={isDangerous ? "danger" : "main"} isPending={action.isPending} onPress={() => action.mutate()}>
            {act}
          </Button>
        </div>
      </div>
    </Window>
  );
}
