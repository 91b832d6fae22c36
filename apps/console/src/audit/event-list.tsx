import type { ReactElement } from "react";
import { useGroups } from "../groups/group-list.ts";
import { useTexts } from "../language.tsx";
import { Moment } from "../parts/moment.tsx";
import { PersonLink } from "../people/person-link.tsx";
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
  const names = new Map(useGroups().groups.map(({ id, name }) => [id, name]));
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
            <EventDetail detail={one.detail} names={names} />
          </div>
        </li>
      ))}
    </ol>
  );
}

interface EventDetailProps extends Pick<ShownEvent, "detail"> {
  /** What ids in it are called. */
  readonly names: ReadonlyMap<string, string>;
}

/** The same in the words of the service, for whoever looks for them: codes that are in no language. */
function EventDetail({ detail, names }: EventDetailProps): ReactElement | null {
  const texts = useTexts();
  const facts = describeDetail(detail, names);
  if (facts.length === 0) return null;
  return (
    <details>
      <summary>{texts.audit.recorded}</summary>
      <p className="small detail" dir="ltr">
        {facts.map(([name, value]) => (
          <span key={name}>
            <span className="quiet">{name}</span> {value}
          </span>
        ))}
      </p>
    </details>
  );
}
