import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactElement, useEffect, useState } from "react";
import { useGroups } from "../groups/group-list.ts";
import { fill, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Choice } from "../parts/choice.tsx";
import { Field } from "../parts/field.tsx";
import { useIsStillAt, useKeptText } from "../parts/kept-text.ts";
import { usePages } from "../parts/pages.ts";
import { Loaded, Unread } from "../parts/state.tsx";
import { peopleRoute } from "../router.tsx";
import { auth, trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { ColumnChoice, useColumns } from "./columns.tsx";
import { CreateWindow } from "./create-window.tsx";
import { PeopleTable } from "./people-table.tsx";
import { guessBy, isId, isSearchBy, searchable } from "./search.ts";

const statuses = ["active", "disabled", "staff"] as const;

/** Milliseconds after the last key until it is searched. */
const pause = 250;

/** How many people one answer of the service holds: the most there is. */
const pageSize = 100;

export function PeoplePage(): ReactElement {
  const texts = useTexts();
  const mayAdd = useMay("auth.add_user");
  const [columns, setColumns] = useColumns();
  const [isCreating, setCreating] = useState(false);
  return (
    <div className="page">
      <div className="head">
        <h1>{texts.places.people}</h1>
        <div className="row">
          <Link to="/people/imported" className="button second">
            {texts.imported.title}
          </Link>
          <ColumnChoice columns={columns} onChange={setColumns} />
          {mayAdd && (
            <Button kind="main" onPress={() => setCreating(true)}>
              {texts.people.create}
            </Button>
          )}
        </div>
      </div>
      <Filters />
      <Found columns={columns} />
      {mayAdd && <CreateWindow isOpen={isCreating} onClose={() => setCreating(false)} />}
    </div>
  );
}

type AddressFilters = { readonly [Name in "by" | "status" | "group"]?: string };

function useFilters() {
  const search: AddressFilters = peopleRoute.useSearch();
  const q = useKeptText(peopleRoute.fullPath, "q");
  const isStillHere = useIsStillAt(peopleRoute.fullPath);
  const navigate = useNavigate({ from: peopleRoute.fullPath });
  /** Takes the place of what is in the address and the history; an empty text takes it out. */
  const change = ({ q: typed, ...changes }: AddressFilters & { readonly q?: string }) => {
    if (!isStillHere()) return;
    void navigate({
      search: (before) => ({ ...before, ...changes }),
      state: (before) => (typed === undefined ? before : { ...before, q: typed }),
      replace: true,
    });
  };
  return [{ ...search, q }, change] as const;
}

function Filters(): ReactElement {
  const texts = useTexts();
  const mayGroups = useMay("auth.view_group");
  const [search, change] = useFilters();
  const [typed, setTyped] = useState(search.q);
  useEffect(() => {
    if (typed.trim() === search.q) return;
    const timer = setTimeout(() => change({ q: typed.trim() }), pause);
    return () => clearTimeout(timer);
  });
  const { groups, query: groupQuery } = useGroups();
  const any = { id: "", name: texts.people.any };
  const byNames = searchable.map((id) => ({ id, name: texts.people.by[id] }));
  return (
    <>
      <search className="filters">
        <div className="grow">
          <Field
            name="q"
            type="search"
            label={texts.people.search}
            placeholder={texts.people.searchHint}
            value={typed}
            onChange={setTyped}
          />
        </div>
        <Choice
          label={texts.people.searchBy}
          options={[{ id: "", name: texts.people.by.guess }, ...byNames]}
          value={search.by ?? ""}
          onChange={(by) => change({ by })}
        />
        <Choice
          label={texts.people.status}
          options={[any, ...statuses.map((id) => ({ id, name: texts.status[id] }))]}
          value={search.status ?? ""}
          onChange={(status) => change({ status })}
        />
        {mayGroups && (
          <Choice
            label={texts.people.group}
            options={[any, ...groups]}
            value={search.group ?? ""}
            onChange={(group) => change({ group })}
          />
        )}
      </search>
      <Unread queries={[groupQuery]} />
    </>
  );
}

function Found({ columns }: { readonly columns: readonly string[] }): ReactElement {
  const texts = useTexts();
  const [{ q, by, status, group }] = useFilters();
  const kind = isSearchBy(by) ? by : guessBy(q);
  const isOldId = q !== "" && kind === "externalId";
  const input = {
    ...(q !== "" && { [kind]: q }),
    // An id of another system goes with no filter.
    ...(!isOldId && {
      ...(status === "active" && { isActive: true }),
      ...(status === "disabled" && { isActive: false }),
      ...(status === "staff" && { isStaff: true }),
      ...(group !== undefined && { groupId: group }),
    }),
    limit: pageSize,
  };
  const byId = useQuery({ ...trpc.users.get.queryOptions({ id: q }), enabled: isId(q) });
  const people = usePages({
    key: [...trpc.users.list.pathKey(), input],
    read: (after) => auth.api.users.list.query({ ...input, ...after }),
    isEnabled: !isId(q),
  });
  if (isId(q)) {
    return (
      <Loaded query={byId}>{({ user }) => <PeopleTable people={[user]} columns={columns} hasMore={false} />}</Loaded>
    );
  }
  return (
    <>
      {q !== "" && by === undefined && (
        <p className="hint">{fill(texts.people.guessed, { by: texts.people.by[kind] })}</p>
      )}
      <Loaded query={people} lines={8}>
        {({ pages }) => (
          <PeopleTable
            people={pages.flatMap(({ users }) => users)}
            columns={columns}
            hasMore={people.hasNextPage}
            onMore={() => {
              if (!people.isFetching) void people.fetchNextPage();
            }}
            error={people.isFetchNextPageError ? people.error : null}
          />
        )}
      </Loaded>
    </>
  );
}
