// biome-ignore-all lint/a11y/useSemanticElements: rows that are not there cannot have their place in a `<table>`
// biome-ignore-all lint/a11y/useFocusableInteractive: it is a table to read; the links in it are what one goes to
import type { User } from "@latchkey/client";
import { Link } from "@tanstack/react-router";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import {
  type CSSProperties,
  type ReactElement,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { fillCount, useTexts } from "../language.tsx";
import { Moment } from "../parts/moment.tsx";
import { Empty, Fault } from "../parts/state.tsx";
import { nameOf } from "./name-of.ts";
import { Tags } from "./tags.tsx";

/** Points that a person takes on the page. */
const rowHeight = 60;

/** Rows before the end at which more are asked for. */
const ahead = 30;

interface PeopleTableProps {
  readonly people: readonly User[];
  readonly columns: readonly string[];
  readonly hasMore: boolean;
  onMore?(): void;
  /** Why the last people that were asked for did not come. */
  readonly error?: unknown;
}

/** People, one a row. Only rows that can be seen are there, so that a million of them are no more work than twenty. */
export function PeopleTable({ people, columns, hasMore, onMore, error }: PeopleTableProps): ReactElement {
  const texts = useTexts();
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(list.current?.offsetTop ?? 0), []);
  const virtualizer = useWindowVirtualizer({
    count: people.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: top,
  });
  const rows = virtualizer.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && error == null && last >= people.length - ahead) onMore?.();
  });
  if (people.length === 0) return <Empty>{texts.people.none}</Empty>;
  const shown = columns as readonly (keyof User & keyof typeof texts.fields)[];
  const template = {
    "--columns": `minmax(12rem, 1.4fr) ${"minmax(8rem, 1fr) ".repeat(shown.length)}`,
  } as CSSProperties;
  return (
    <>
      <p className="hint" role="status">
        {fillCount(hasMore ? texts.people.countAndMore : texts.people.count, people.length, texts)}
      </p>
      <div
        className="people"
        role="table"
        aria-label={texts.places.people}
        aria-rowcount={hasMore ? -1 : people.length + 1}
      >
        <div role="rowgroup">
          <div role="row" aria-rowindex={1} className="person-row person-head" style={template}>
            <span role="columnheader">{texts.fields.name}</span>
            {shown.map((name) => (
              <span role="columnheader" key={name}>
                {texts.fields[name]}
              </span>
            ))}
          </div>
        </div>
        <div role="rowgroup" ref={list} className="person-rows" style={{ height: virtualizer.getTotalSize() }}>
          {rows.map(({ index, start }) => {
            const user = people[index];
            if (!user) return null;
            return (
              <div
                role="row"
                key={user.id}
                aria-rowindex={index + 2}
                className="person-row"
                style={{ ...template, height: rowHeight, transform: `translateY(${start - top}px)` }}
              >
                <span role="cell" className="person-name">
                  <Link to="/people/$id" params={{ id: user.id }}>
                    <bdi>{nameOf(user)}</bdi>
                  </Link>
                  <Tags user={user} />
                </span>
                {shown.map((name) => (
                  <span role="cell" key={name} className={classOf(user, name)}>
                    {isMoment(name) && <span className="narrow-only">{texts.fields[name]}: </span>}
                    {showValue(user, name)}
                  </span>
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {error != null && <Fault error={error} onRetry={() => onMore?.()} />}
    </>
  );
}

const isNone = (value: User[keyof User]): boolean => value === null || value === "";

/** What is written from left to right in every language. */
const isLatin = (name: keyof User): boolean => name === "phoneNumber" || name === "email";
const isMoment = (name: keyof User): boolean => name === "dateJoined" || name === "lastLogin";

function classOf(user: User, name: keyof User): string {
  if (isNone(user[name])) return "person-cell is-none";
  return isLatin(name) ? "person-cell is-latin" : "person-cell";
}

function showValue(user: User, name: keyof User): ReactNode {
  const value = user[name];
  if (isNone(value)) return <span className="quiet">–</span>;
  if (isMoment(name)) return <Moment at={String(value)} />;
  return <bdi dir={isLatin(name) ? "ltr" : undefined}>{String(value)}</bdi>;
}
