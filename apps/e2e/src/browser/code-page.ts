import { createAuthClient, localStorageStorage } from "@latchkey/client";
import { AuthProvider, useAuth, useCode } from "@latchkey/client/react";
import { createElement, type FormEvent, type ReactElement } from "react";

type Purpose = NonNullable<Parameters<typeof useCode>[0]>;

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
    createForm("To", "Send", (to) => code.start(to || undefined)),
    createForm("Code", "Check", (typed) => code.confirm(typed)),
    createElement("output", null, `${status} ${user?.username ?? ""}; ${code.status} ${next}; ${refusal}.`),
  );
}

function createForm(label: string, button: string, submit: (text: string) => Promise<void>): ReactElement {
  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void submit(String(new FormData(event.currentTarget).get("text")));
  };
  return createElement(
    "form",
    { onSubmit },
    createElement("label", null, label, createElement("input", { name: "text" })),
    createElement("button", { type: "submit" }, button),
  );
}
