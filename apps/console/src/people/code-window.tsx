import type { User } from "@latchkey/client";
import { useMutation } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { fill, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Fault } from "../parts/state.tsx";
import { Window } from "../parts/window.tsx";
import { auth } from "../service.ts";
import { HandedCode } from "./handed-code.tsx";
import { nameOf } from "./name-of.ts";
import { refreshPeople } from "./refresh-person.ts";

interface CodeWindowProps {
  readonly user: User;
  readonly isOpen: boolean;
  onClose(): void;
}

/** Makes a code with which somebody sets another password, and shows it once. */
export function CodeWindow({ user, isOpen, onClose }: CodeWindowProps): ReactElement {
  const texts = useTexts();
  const making = useMutation({
    mutationFn: () => auth.api.users.createPasswordCode.mutate({ id: user.id }),
    onSuccess: refreshPeople,
  });
  const close = () => {
    // It is shown once.
    making.reset();
    onClose();
  };
  return (
    <Window title={texts.acts.code.name} isOpen={isOpen} onClose={close}>
      <div className="stack">
        {making.data ? (
          <HandedCode code={making.data.setPasswordCode} expiresAt={making.data.expiresAt} />
        ) : (
          <p>{fill(texts.acts.code.ask, { name: nameOf(user) })}</p>
        )}
        {making.error && <Fault error={making.error} />}
        <div className="row end">
          {making.data ? (
            <Button kind="main" onPress={close}>
              {texts.done}
            </Button>
          ) : (
            <>
              <Button onPress={close}>{texts.cancel}</Button>
              <Button kind="main" isPending={making.isPending} onPress={() => making.mutate()}>
                {texts.acts.code.act}
              </Button>
            </>
          )}
        </div>
      </div>
    </Window>
  );
}
