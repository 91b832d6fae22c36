import { createAuthClient, localStorageStorage } from "@latchkey/client";
import { AuthProvider, useAuth, useCode } from "@latchkey/client/react";
import { createElement, type ReactElement, useRef } from "react";

type Purpose = NonNullable<Parameters<typeof useCode>[0]>;

declare const location: { readonly origin: string; readonly search: string };

/** A page with one hook for codes, of the purpose that its address names; `auth` is there for the tests. */
export function createCodePage(): ReactElement {
  const client = createAuthClient({ url: location.origin, storage: localStorageStorage() });
  Object.assign(globalThis, { auth: client });
  const purpose = new URLSearchParams(location.search).get("purpose") as Purpose;
  return createElement(AuthProvider, { client }, createElement(CodeForms, { purpose }));
}

function CodeForms({ purpose }: { purpose: Purpose }): ReactElement {
  const code = useCode(purpose);
  const { status, user } = useAuth();
  const { next = "" } = code.outcome ?? {};
  const refusal = (code.error as { data?: { reason?: string } } | null)?.data?.reason ?? String(code.error ?? "");
  return createElement(
    "main",
    null,
    createElement(Field, { label: "To", button: "Send", submit: (to) => code.start(to || undefined) }),
    createElement(Field, { label: "Code", button: "Check", submit: (typed) => code.confirm(typed) }),
    createElement("button", { type: "button", onClick: () => code.reset() }, "Back"),
    createElement("output", null, `${status} ${user?.username ?? ""}; ${code.status} ${next}; ${refusal}.`),
  );
}

interface FieldProps {
  readonly label: string;
  readonly button: string;
  readonly submit: (text: string) => Promise<void>;
}

function Field({ label, button, submit }: FieldProps): ReactElement {
  const typed = useRef<{ value: string }>(null);
  const onSubmit = (event: { preventDefault(): void }) => {
    event.preventDefault();
    void submit(typed.current?.value ?? "");
  };
  return createElement(
    "form",
    { onSubmit },
    createElement("label", null, label, createElement("input", { ref: typed as never })),
    createElement("button", { type: "submit" }, button),
  );
}
