import { useNavigate } from "@tanstack/react-router";
import { type ReactElement, useEffect, useState } from "react";
import { useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Choice } from "../parts/choice.tsx";
import { Field } from "../parts/field.tsx";
import { More } from "../parts/more.tsx";
import { usePages } from "../parts/pages.ts";
import { Empty, Loaded } from "../parts/state.tsx";
import { isId } from "../people/search.ts";
import { auditRoute } from "../router.tsx";
import { auth, trpc } from "../service.ts";
import { EventList } from "./event-list.tsx";
import { ExportWindow } from "./export-window.tsx";

/** What happened here, to whom and by whom: what fits the filters, the newest first. */
export function AuditPage(): ReactElement {
  const texts = useTexts();
  const { person, actor, event } = auditRoute.useSearch();
  const [isExporting, setExporting] = useState(false);
  const filters = {
    ...(person !== undefined && isId(person) && { userId: person.trim() }),
    ...(actor !== undefined && isId(actor) && { actorId: actor.trim() }),
    ...(event !== undefined && { event }),
  };
  const events = usePages({
    key: [...trpc.audit.list.pathKey(), filters],
    read: (after) => auth.api.audit.list.query({ ...filters, limit: 50, ...after }),
  });
  return (
    <div className="page">
      <div className="head">
        <h1>{texts.places.audit}</h1>
        <div className="row">
          <Button onPress={() => void events.refetch()}>{texts.refresh}</Button>
          <Button onPress={() => setExporting(true)}>{texts.audit.export}</Button>
        </div>
      </div>
      <Filters />
      <section className="card" aria-label={texts.places.audit}>
        <Loaded query={events} lines={12}>
          {({ pages }) => {
            const all = pages.flatMap((page) => page.events);
            return all.length === 0 ? <Empty>{texts.audit.none}</Empty> : <EventList events={all} />;
          }}
        </Loaded>
      </section>
      {events.hasNextPage && (
        <div className="row center">
          <More pages={events} />
        </div>
      )}
      <ExportWindow filters={filters} isOpen={isExporting} onClose={() => setExporting(false)} />
    </div>
  );
}

function Filters(): ReactElement {
  const texts = useTexts();
  const search = auditRoute.useSearch();
  const navigate = useNavigate({ from: auditRoute.fullPath });
  const change = (changes: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  const known = Object.entries(texts.events).map(([id, name]) => ({ id, name }));
  const sorted = known.sort((one, other) => one.name.localeCompare(other.name));
  return (
    <search className="filters">
      <Choice
        label={texts.audit.event}
        options={[{ id: "", name: texts.people.any }, ...sorted]}
        value={search.event ?? ""}
        onChange={(event) => change({ event })}
      />
      <IdField label={texts.audit.about} value={search.person ?? ""} onChange={(person) => change({ person })} />
      <IdField label={texts.audit.actor} value={search.actor ?? ""} onChange={(actor) => change({ actor })} />
    </search>
  );
}

interface IdFieldProps {
  readonly label: string;
  readonly value: string;
  onChange(value: string): void;
}

/** A person's id: it is searched once it is whole. */
function IdField({ label, value, onChange }: IdFieldProps): ReactElement {
  const texts = useTexts();
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const isWhole = typed.trim() === "" || isId(typed);
  return (
    <div className="grow">
      <Field
        name="id"
        label={label}
        dir="ltr"
        placeholder="01900000-0000-7000-8000-000000000000"
        value={typed}
        onChange={(next) => {
          setTyped(next);
          if (next.trim() === "" || isId(next)) onChange(next.trim());
        }}
        {...(!isWhole && { hint: texts.audit.wholeId })}
      />
    </div>
  );
}
