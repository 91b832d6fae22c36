import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useTexts } from "../language.tsx";
import { Moment } from "../parts/moment.tsx";
import { PersonLink } from "../people/person-link.tsx";
import { trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { describeDetail, isBad, nameOfEvent } from "./describe-event.ts";

export interface ShownEvent {
  readonly id: string;
  readonly occurredAt: string | Date;
  readonly event: string;
  readonly actorId: string | null;
  readonly subjectId: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

interface EventListProps {
  readonly events: readonly ShownEvent[];
  /** Whom all of them are about: that is not said with each. */
  readonly about?: string;
}

/** Events in words, the newest first. */
export function EventList({ events, about }: EventListProps): ReactElement {
  const texts = useTexts();
  return (
    <ol className="rows events">
      {events.map((one) => (
        <li key={one.id}>
          <div>
            <p className={isBad(one.event) ? "name bad-text" : "name"}>{nameOfEvent(one.event, texts)}</p>
            <p className="quiet small">
              <Moment at={one.occurredAt} />
              {one.subjectId !== null && one.subjectId !== about && (
                <>
                  {" · "}
                  <PersonLink id={one.subjectId} />
                </>
              )}
              {one.actorId !== null && one.actorId !== one.subjectId && (
                <>
                  {" · "}
                  {texts.grants.by} <PersonLink id={one.actorId} />
                </>
              )}
              {one.address !== null && (
                <>
                  {" · "}
                  <bdi dir="ltr">{one.address}</bdi>
                </>
              )}
            </p>
            <EventDetail event={one} />
          </div>
        </li>
      ))}
    </ol>
  );
}

function EventDetail({ event }: { readonly event: ShownEvent }): ReactElement | null {
  const mayGroups = useMay("auth.view_group");
  const groups = useQuery({ ...trpc.groups.list.queryOptions({ limit: 100 }), enabled: mayGroups, staleTime: 60_000 });
  const names = new Map(groups.data?.groups.map(({ id, name }) => [id, name]));
  const facts = describeDetail(event.detail, names);
  if (facts.length === 0) return null;
  return (
    <p className="small detail" dir="ltr">
      {facts.map(([name, value]) => (
        <span key={name}>
          <span className="quiet">{name}</span> {value}
        </span>
      ))}
    </p>
  );
}
