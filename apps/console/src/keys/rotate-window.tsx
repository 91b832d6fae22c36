import { type ReactElement, useState } from "react";
import { useTexts } from "../language.tsx";
import { Check } from "../parts/check.tsx";
import { tell } from "../parts/notices.tsx";
import { Question } from "../parts/question.tsx";
import { auth, queryClient, trpc } from "../service.ts";

interface RotateWindowProps {
  readonly isOpen: boolean;
  onClose(): void;
}

/** Makes a new signing key, and gives the present ones up where somebody else knows them. */
export function RotateWindow({ isOpen, onClose }: RotateWindowProps): ReactElement {
  const texts = useTexts();
  const [compromised, setCompromised] = useState(false);

  function close(): void {
    setCompromised(false);
    onClose();
  }

  async function rotate(): Promise<void> {
    await auth.api.service.rotateKeys.mutate({ compromised });
    const shown = [trpc.service.pathKey(), trpc.audit.pathKey()];
    await Promise.all(shown.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
    tell(texts.keys.done);
  }

  return (
    <Question
      title={texts.keys.rotate}
      act={texts.keys.rotate}
      isDangerous={compromised}
      isOpen={isOpen}
      onClose={close}
      onAct={rotate}
    >
      <p>{compromised ? texts.keys.askCompromised : texts.keys.ask}</p>
      <Check isSelected={compromised} onChange={setCompromised}>
        {texts.keys.compromised}
      </Check>
    </Question>
  );
}
