import { isAuthError } from "@latchkey/client";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useEffect, useState } from "react";
import { explain, findFaults } from "../explain.ts";
import { useTexts } from "../language.tsx";
import { onBack } from "../news.ts";
import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { Window } from "../parts/window.tsx";
import { auth, basePath, service, trpc } from "../service.ts";
import { useSession } from "../session.tsx";

interface Asked {
  done(): void;
  cancel(): void;
}

/** Asks who is there, once for all calls that wait for it, and sends them again. */
export function ReauthenticateWindow(): ReactElement {
  const texts = useTexts();
  const [asked, setAsked] = useState<Asked | null>(null);
  useEffect(
    () =>
      auth.onReauthenticate(
        () =>
          new Promise<void>((resolve, reject) => {
            const end = (settle: () => void) => () => {
              setAsked(null);
              settle();
            };
            setAsked({ done: end(resolve), cancel: end(() => reject(new Error("Nobody showed who is there"))) });
          }),
      ),
    [],
  );
  return (
    <Window title={texts.confirm.title} isOpen={asked !== null} onClose={asked?.cancel}>
      {asked && <ReauthenticateForm {...asked} />}
    </Window>
  );
}

function ReauthenticateForm({ done, cancel }: Asked): ReactElement {
  const texts = useTexts();
  const { user } = useSession();
  const totp = useQuery(trpc.me.totp.get.queryOptions());
  const hasApp = totp.data?.since != null;
  const [typed, setTyped] = useState({ password: "", totp: "" });
  const [fault, setFault] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => onBack(done), [done]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      await auth.api.me.reauthenticate.mutate({
        password: typed.password,
        ...(hasApp && { totp: typed.totp.trim() }),
      });
      done();
    } catch (error) {
      setFault(error);
      setBusy(false);
    }
  }

  const isWrong = isAuthError(fault, "invalid_credentials");
  const faults = isWrong ? { password: texts.confirm.wrong } : findFaults(fault, texts);
  const isElsewhere = fault !== null && !isWrong && faults.password === undefined && faults.totp === undefined;
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <p>{texts.confirm.lead}</p>
      {isElsewhere && (
        <p className="notice bad" role="alert">
          {explain(fault, texts)}
        </p>
      )}
      <input
        type="text"
        name="username"
        autoComplete="username"
        value={user.username ?? user.phoneNumber ?? user.email ?? ""}
        readOnly
        hidden
      />
      <Field
        name="password"
        type="password"
        label={texts.confirm.password}
        autoComplete="current-password"
        value={typed.password}
        onChange={(password) => setTyped({ ...typed, password })}
        fault={faults.password}
        isRequired
        isFirst
      />
      {hasApp && (
        <Field
          name="totp"
          label={texts.confirm.app}
          autoComplete="one-time-code"
          inputMode="numeric"
          dir="ltr"
          value={typed.totp}
          onChange={(digits) => setTyped({ ...typed, totp: digits })}
          fault={faults.totp}
          isRequired
        />
      )}
      <p className="hint">
        <a
          href={`${service}/reauthenticate?${new URLSearchParams({ return_to: `${basePath}/console/back` })}`}
          target="_blank"
          rel="noopener"
        >
          {texts.confirm.otherWay}
        </a>
      </p>
      <div className="row end">
        <Button onPress={cancel}>{texts.cancel}</Button>
        <Button kind="main" type="submit" isPending={isBusy}>
          {texts.confirm.goOn}
        </Button>
      </div>
    </form>
  );
}
