import { useNavigate } from "@tanstack/react-router";
import { type ReactElement, useEffect, useState } from "react";
import { useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Choice } from "../parts/choice.tsx";
import { Field } from "../parts/field.tsx";
import { useIsStillAt, useKeptText } from "../parts/kept-text.ts";
import { More } from "../parts/load-more.tsx";
import { usePages } from "../parts/pages.ts";
import { Empty, Loaded } from "../parts/state.tsx";
import { isId } from "../people/search.ts";
import { auditRoute } from "../router.tsx";
import { auth, trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { EventList } from "./event-list.tsx";
import { ExportWindow } from "./export-window.tsx";
import { toWanted } from "./wanted-events.ts";

/** What happened here, to whom and by whom: what fits the filters, the newest first. */
export function AuditPage(): ReactElement {
  const texts = useTexts();
  const filters = toWanted(useFilters()[0]);
  const [isExporting, setExporting] = useState(false);
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
      <ExportWindow wanted={filters} isOpen={isExporting} onClose={() => setExporting(false)} />
    </div>
  );
}

type AddressFilters = { readonly [Name in "person" | "actor" | "event" | "from" | "until"]?: string };

function useFilters() {
  const search: AddressFilters = auditRoute.useSearch();
  const address = useKeptText(auditRoute.fullPath, "address");
  const isStillHere = useIsStillAt(auditRoute.fullPath);
  const navigate = useNavigate({ from: auditRoute.fullPath });
  /** Takes the place of what is in the page's address and in the history. */
  const change = ({ address: typed, ...changes }: AddressFilters & { readonly address?: string }) => {
    if (!isStillHere()) return;
    void navigate({
      search: (before) => ({ ...before, ...changes }),
      state: (before) => (typed === undefined ? before : { ...before, address: typed }),
      replace: true,
    });
  };
  return [{ ...search, address }, change] as const;
}

function Filters(): ReactElement {
  const texts = useTexts();
  const mayContact = useMay("auth.view_contact");
  const [search, change] = useFilters();
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
      <div className="times">
        {(["from", "until"] as const).map((name) => (
          <Field
            key={name}
            name={name}
            type="datetime-local"
            label={texts.audit[name]}
            value={search[name] ?? ""}
            onChange={(time) => change({ [name]: time })}
          />
        ))}
      </div>
      {mayContact && (
        <TypedField
          name="address"
          label={texts.audit.address}
          value={search.address}
          onChange={(address) => change({ address })}
        />
      )}
    </search>
  );
}

interface TypedFieldProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  onChange(value: string): void;
}

/** Milliseconds after the last key until it is searched. */
const pause = 400;

/** What is searched once nobody goes on typing. */
function TypedField({ name, label, value, onChange }: TypedFieldProps): ReactElement {
  const [typed, setTyped] = useState(value);
  useEffect(() => {
    if (typed.trim() === value) return;
    const timer = setTimeout(() => onChange(typed.trim()), pause);
    return () => clearTimeout(timer);
  });
  return <Field name={name} label={label} dir="ltr" placeholder="192.0.2.7" value={typed} onChange={setTyped} />;
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
