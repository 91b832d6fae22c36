import { isAuthError, type User } from "@latchkey/client";
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { fill, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Moment } from "../parts/moment.tsx";
import { tell } from "../parts/notices.tsx";
import { Question } from "../parts/question.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { auth, trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { nameOf } from "./name-of.ts";
import { refreshPeople } from "./refresh-person.ts";

/** Where somebody is signed in. */
export function Sessions({ user }: { readonly user: User }): ReactElement {
  const texts = useTexts();
  const mayChange = useMay("auth.change_user");
  const sessions = useQuery(trpc.users.listSessions.queryOptions({ id: user.id }));
  /** A session's id, or all of them. */
  const [asked, setAsked] = useState<string | null>(null);
  const list = sessions.data ?? [];

  async function end(): Promise<void> {
    const one = asked === null || asked === "all" ? {} : { sessionId: asked };
    await auth.api.users.endSessions.mutate({ id: user.id, ...one });
    await refreshPeople();
    tell(texts.sessions.ended);
  }

  if (isAuthError(sessions.error, "permission_denied"))
    return (
      <Card title={texts.sessions.title}>
        <Empty>{texts.sessions.above}</Empty>
      </Card>
    );
  return (
    <Card
      title={texts.sessions.title}
      act={
        mayChange &&
        list.length > 1 && (
          <Button isSmall onPress={() => setAsked("all")}>
            {texts.sessions.endAll}
          </Button>
        )
      }
    >
      <Loaded query={sessions}>
        {(found) =>
          found.length === 0 ? (
            <Empty>{texts.sessions.none}</Empty>
          ) : (
            <ul className="rows">
              {found.map(({ id, device, deviceName, client, address, lastUsedAt, createdAt }) => (
                <li key={id}>
                  <div>
                    <p className="name">
                      <bdi>{deviceName ?? device ?? texts.sessions.unknown}</bdi>
                      {client && (
                        <>
                          {" · "}
                          <bdi>{client.name}</bdi>
                        </>
                      )}
                    </p>
                    <p className="quiet small">
                      {texts.sessions.lastUsed} <Moment at={lastUsedAt} />
                      {address !== null && (
                        <>
                          {" · "}
                          <bdi dir="ltr">{address}</bdi>
                        </>
                      )}
                    </p>
                    <p className="quiet small">
                      {texts.sessions.since} <Moment at={createdAt} />
                    </p>
                  </div>
                  {mayChange && (
                    <Button
                      isSmall
                      onPress={() => setAsked(id)}
                      aria-label={`${texts.sessions.end}: ${deviceName ?? device ?? texts.sessions.unknown}`}
                    >
                      {texts.sessions.end}
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      <Question
        title={asked === "all" ? texts.sessions.endAll : texts.sessions.end}
        act={asked === "all" ? texts.sessions.endAll : texts.sessions.end}
        isOpen={asked !== null}
        onClose={() => setAsked(null)}
        onAct={end}
      >
        <p>{fill(asked === "all" ? texts.sessions.askAll : texts.sessions.ask, { name: nameOf(user) })}</p>
      </Question>
    </Card>
  );
}
