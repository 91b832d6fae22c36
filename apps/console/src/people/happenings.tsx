import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { EventList } from "../audit/event-list.tsx";
import { useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { auth, trpc } from "../service.ts";

/** Everything that happened to an account, the newest first. */
export function Happenings({ userId }: { readonly userId: string }): ReactElement {
  const texts = useTexts();
  const events = useInfiniteQuery({
    queryKey: [...trpc.audit.list.pathKey(), "pages", { userId }],
    queryFn: ({ pageParam }) =>
      auth.api.audit.list.query({ userId, limit: 25, ...(pageParam !== "" && { cursor: pageParam }) }),
    initialPageParam: "",
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
  return (
    <Card title={texts.person.happened}>
      <Loaded query={events} lines={6}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.events);
          return all.length === 0 ? <Empty>{texts.audit.none}</Empty> : <EventList events={all} about={userId} />;
        }}
      </Loaded>
      {events.hasNextPage && (
        <Button isSmall isPending={events.isFetchingNextPage} onPress={() => void events.fetchNextPage()}>
          {texts.more}
        </Button>
      )}
    </Card>
  );
}
