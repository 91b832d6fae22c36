import { isAuthError, type User } from "@latchkey/client";
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { fill, useFormats, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Moment } from "../parts/moment.tsx";
import { tell } from "../parts/notices.tsx";
import { Question } from "../parts/question.tsx";
import { Unread } from "../parts/state.tsx";
import { auth, trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { nameOf } from "./name-of.ts";
import { refreshPeople } from "./refresh-person.ts";

/** What of an account waits, as the service answers it. */
export const useWaiting = (userId: string) => useQuery(trpc.users.listPendingChanges.queryOptions({ id: userId }));

/** Changes of an account that wait until they are done, to be stopped; nothing where none wait. */
export function Waiting({ user }: { readonly user: User }): ReactElement | null {
  const texts = useTexts();
  const { moment } = useFormats();
  const mayChange = useMay("auth.change_user");
  const waiting = useWaiting(user.id);
  const [asked, setAsked] = useState<string | null>(null);
  const { changes = [], resetHeldUntil = null } = waiting.data ?? {};
  const isEmpty = changes.length === 0 && resetHeldUntil === null;
  // An account with more rights says so beside its sessions.
  if (isAuthError(waiting.error, "permission_denied")) return null;
  if (isEmpty) return <Unread queries={[waiting]} />;

  async function stop(): Promise<void> {
    if (asked === null) return;
    await auth.api.users.stopPendingChange.mutate({ id: user.id, changeId: asked });
    await refreshPeople();
    tell(texts.waiting.done);
  }

  return (
    <Card title={texts.waiting.title}>
      {resetHeldUntil !== null && (
        <p className="notice warn">{fill(texts.waiting.held, { until: moment(resetHeldUntil) })}</p>
      )}
      <ul className="rows">
        {changes.map(({ id, kind, createdAt, dueAt }) => (
          <li key={id}>
            <div>
              <p className="name">{texts.waiting.kinds[kind]}</p>
              <p className="quiet small">
                {texts.waiting.due} <Moment at={dueAt} />
                {" · "}
                {texts.waiting.asked} <Moment at={createdAt} />
              </p>
            </div>
            {mayChange && (
              <Button
                isSmall
                aria-label={`${texts.waiting.stop}: ${texts.waiting.kinds[kind]}`}
                onPress={() => setAsked(id)}
              >
                {texts.waiting.stop}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Question
        title={texts.waiting.stop}
        act={texts.waiting.stop}
        isOpen={asked !== null}
        onClose={() => setAsked(null)}
        onAct={stop}
      >
        <p>{fill(texts.waiting.ask, { name: nameOf(user) })}</p>
      </Question>
    </Card>
  );
}
