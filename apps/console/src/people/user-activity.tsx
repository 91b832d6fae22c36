import type { ReactElement } from "react";
import { EventList } from "../audit/event-list.tsx";
import { useTexts } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { More } from "../parts/load-more.tsx";
import { usePages } from "../parts/pages.ts";
import { Empty, Loaded } from "../parts/state.tsx";
import { auth, trpc } from "../service.ts";

/** Everything that happened to an account, the newest first. */
export function Happenings({ userId }: { readonly userId: string }): ReactElement {
  const texts = useTexts();
  const events = usePages({
    key: [...trpc.audit.list.pathKey(), { userId }],
    read: (after) => auth.api.audit.list.query({ userId, limit: 25, ...after }),
  });
  return (
    <Card title={texts.person.happened}>
      <Loaded query={events} lines={6}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.events);
          return all.length === 0 ? <Empty>{texts.audit.none}</Empty> : <EventList events={all} about={userId} />;
        }}
      </Loaded>
      <More pages={events} isSmall />
    </Card>
  );
}
