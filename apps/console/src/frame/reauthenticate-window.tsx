import { isAuthError } from "@latchkey/client";
import { type UseReauthenticate, useReauthenticate } from "@latchkey/client/reauthenticate/react";
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useEffect, useState } from "react";
import { findFaults } from "../explain.ts";
import { useTexts } from "../language.tsx";
import { Field } from "../parts/field.tsx";
import { Unread } from "../parts/state.tsx";
import { Window } from "../parts/window.tsx";
import { WindowForm } from "../parts/window-form.tsx";
import { atService, auth, service, trpc } from "../service.ts";
import { useSession } from "../session.tsx";
import { onBack } from "../tab-messages.ts";

/** Asks who is there, once for all calls that wait for it, and sends them again. */
export function ReauthenticateWindow(): ReactElement {
  const texts = useTexts();
  const again = useReauthenticate(auth);
  return (
    <Window title={texts.confirm.title} isOpen={again.request !== null} onClose={again.cancel}>
      <ReauthenticateForm {...again} />
    </Window>
  );
}

function ReauthenticateForm({ error, isChecking, confirm, confirmBy, cancel }: UseReauthenticate): ReactElement {
  const texts = useTexts();
  const { user } = useSession();
  const totp = useQuery(trpc.me.totp.get.queryOptions());
  const hasApp = totp.data?.since != null;
  const [typed, setTyped] = useState({ password: "", totp: "" });
  // Somebody who is back has shown it on the service's own pages.
  useEffect(() => onBack(() => void confirmBy(async () => true)), [confirmBy]);
  const isWrong = isAuthError(error, "invalid_credentials");
  const faults = isWrong ? { password: texts.confirm.wrong } : findFaults(error, texts);
  const isAtField = faults.password !== undefined || faults.totp !== undefined;
  return (
    <WindowForm
      lead={
        <>
          <p>{texts.confirm.lead}</p>
          <Unread queries={[totp]} />
        </>
      }
      error={isAtField ? null : error}
      act={texts.confirm.goOn}
      isPending={isChecking}
      onSubmit={() => void confirm({ password: typed.password, ...(hasApp && { totp: typed.totp.trim() }) })}
      onCancel={cancel}
    >
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
          href={`${service}/reauthenticate?${new URLSearchParams({ return_to: atService("/back") })}`}
          target="_blank"
          rel="noopener"
        >
          {texts.confirm.otherWay}
        </a>
      </p>
    </WindowForm>
  );
}
