import type { User } from "@latchkey/client";
import type { ReactElement, ReactNode } from "react";
import { signOut } from "../entry.ts";
import { fill, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { nameOf } from "../people/name-of.ts";
import { service } from "../service.ts";

function WholePage({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactElement {
  return (
    <main className="whole-page">
      <div className="card">
        <Mark />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

export const Mark = (): ReactElement => (
  <span className="mark" aria-hidden="true">
    L
  </span>
);

/** Until it is known who is there. */
export function EnteringPage(): ReactElement {
  const texts = useTexts();
  return (
    <main className="whole-page">
      <p className="quiet" role="status">
        {texts.loading}
      </p>
    </main>
  );
}

/** The service does not answer, and nothing is known yet. */
export function AwayPage(): ReactElement {
  const texts = useTexts();
  return (
    <WholePage title={texts.away.title}>
      <p role="status">{texts.away.lead}</p>
    </WholePage>
  );
}

/** Somebody who is signed in, and has no right to anything here. */
export function StrangerPage({ user }: { readonly user: User }): ReactElement {
  const texts = useTexts();
  return (
    <WholePage title={texts.stranger.title}>
      <p>{fill(texts.stranger.lead, { name: nameOf(user) })}</p>
      <div className="row">
        <a className="button main" href={`${service}/account`}>
          {texts.yourAccount}
        </a>
        <Button onPress={() => void signOut()}>{texts.signOut}</Button>
      </div>
    </WholePage>
  );
}

/** Where the service's own pages send somebody back to who went there from a window of the console. */
export function BackPage(): ReactElement {
  const texts = useTexts();
  return (
    <WholePage title={texts.back.title}>
      <p>{texts.back.lead}</p>
    </WholePage>
  );
}
