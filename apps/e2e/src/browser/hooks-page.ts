import { type AuthClient, createAuthClient, isAuthError, localStorageStorage } from "@latchkey/client";
import { usePasskey } from "@latchkey/client/passkeys/react";
import { useReauthenticate } from "@latchkey/client/reauthenticate/react";
import { useSecondFactor } from "@latchkey/client/second-factor/react";
import { createElement, type ReactElement, StrictMode, useState } from "react";

declare const location: { readonly origin: string; readonly search: string };

/** A page with the hooks that ask for more than a password; `auth` is there for the tests. */
export function createHooksPage(): ReactElement {
  const auth = createAuthClient({ url: location.origin, storage: localStorageStorage() });
  Object.assign(globalThis, { auth });
  return createElement(StrictMode, null, createElement(HooksPage, { auth }));
}

interface Props {
  readonly auth: AuthClient;
}

function HooksPage({ auth }: Props): ReactElement {
  const [isOpen, setOpen] = useState(true);
  return createElement(
    "main",
    null,
    createElement("button", { type: "button", onClick: () => setOpen(!isOpen) }, isOpen ? "Close" : "Open"),
    isOpen && createElement(Passkeys, { auth }),
    createElement(SecondFactor, { auth }),
    createElement(Again, { auth }),
  );
}

const refusalOf = (error: unknown) => (isAuthError(error) ? error.data.reason : String(error ?? "no error"));

function Passkeys({ auth }: Props): ReactElement {
  const passkey = usePasskey(auth, { autofill: location.search.includes("autofill") });
  const [added, setAdded] = useState("");
  const add = () => passkey.add("Phone").then((made) => setAdded(`${made?.passkey.name}`));
  const doing = passkey.isAsking ? "asking" : "idle";
  const words = [doing, passkey.user?.username ?? "nobody", refusalOf(passkey.error), `added ${added}`];
  return createElement(
    "section",
    null,
    createElement("input", { "aria-label": "Name", autoComplete: "username webauthn" }),
    createElement(
      "button",
      { type: "button", onClick: passkey.signIn, disabled: !passkey.isSupported },
      "Use a passkey",
    ),
    createElement("button", { type: "button", onClick: add }, "Add a passkey"),
    createElement("output", null, `Passkey: ${words.join("; ")}.`),
  );
}

function SecondFactor({ auth }: Props): ReactElement {
  const factor = useSecondFactor(auth);
  const signIn = (username: string) =>
    auth.signIn({ username, password: "correct horse battery" }).then(
      () => {},
      (error: unknown) => void factor.take(error),
    );
  const words = [factor.pending?.methods.join() ?? "nothing", factor.user?.username ?? "nobody"];
  return createElement(
    "section",
    null,
    createElement(Field, { label: "Username", button: "Sign in", submit: signIn }),
    factor.pending && createElement(Field, { label: "Digits", button: "Show", submit: factor.confirm }),
    createElement("output", null, `Factor: waits for ${words.join("; ")}; ${refusalOf(factor.error)}.`),
  );
}

function Again({ auth }: Props): ReactElement {
  const again = useReauthenticate(auth);
  const submit = (password: string) => again.confirm({ password });
  return createElement(
    "section",
    null,
    again.request && createElement(Field, { label: "Password", button: "Show again", submit }),
    again.request && createElement("button", { type: "button", onClick: again.cancel }, "Not now"),
    createElement("output", null, `Again: ${again.request?.maxAge ?? "nothing"}; ${refusalOf(again.error)}.`),
  );
}

interface FieldProps {
  readonly label: string;
  readonly button: string;
  readonly submit: (text: string) => Promise<void>;
}

function Field({ label, button, submit }: FieldProps): ReactElement {
  const [text, setText] = useState("");
  const onChange = (event: { target: object }) => setText("value" in event.target ? String(event.target.value) : "");
  return createElement(
    "p",
    null,
    createElement("input", { "aria-label": label, value: text, onChange }),
    createElement("button", { type: "button", onClick: () => void submit(text) }, button),
  );
}
