import { Link } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { fill, useTexts } from "../language.tsx";
import type { Texts } from "../languages/en.ts";
import { Choice } from "../parts/choice.tsx";
import { More } from "../parts/load-more.tsx";
import { usePages } from "../parts/pages.ts";
import { Empty, Loaded } from "../parts/state.tsx";
import { auth, trpc } from "../service.ts";
import { BackToPeople } from "./back-to-people.tsx";

type Page = Awaited<ReturnType<typeof auth.api.users.listImported.query>>;
type Imported = Page["users"][number];
type Issue = Imported["issues"][number];

const kinds = ["reserved", "altered"] as const;

/** Whom an import left out and whose names are kept for them, and who came over without all that was theirs: why, and what to do. */
export function ImportedPage(): ReactElement {
  const texts = useTexts();
  const [kind, setKind] = useState<(typeof kinds)[number]>("reserved");
  const people = usePages<Page>({
    key: [...trpc.users.listImported.pathKey(), kind],
    read: (after) => auth.api.users.listImported.query({ kind, limit: 50, ...after }),
  });
  return (
    <div className="page">
      <BackToPeople />
      <div className="head-text">
        <h1>{texts.imported.title}</h1>
        <p className="quiet">{texts.imported.lead}</p>
      </div>
      <search className="filters">
        <Choice
          label={texts.imported.show}
          options={kinds.map((id) => ({ id, name: texts.imported.kinds[id] }))}
          value={kind}
          onChange={(id) => setKind(id === "altered" ? "altered" : "reserved")}
        />
      </search>
      <section className="card" aria-label={texts.imported.kinds[kind]}>
        <Loaded query={people} lines={8}>
          {({ pages }) => {
            const users = pages.flatMap((page) => page.users);
            if (users.length === 0) return <Empty>{texts.imported.none[kind]}</Empty>;
            return (
              <ul className="rows">
                {users.map((user) => (
                  <ImportedRow key={`${user.source} ${user.externalId}`} user={user} />
                ))}
              </ul>
            );
          }}
        </Loaded>
        <More pages={people} isSmall />
      </section>
    </div>
  );
}

function ImportedRow({ user }: { readonly user: Imported }): ReactElement {
  const texts = useTexts();
  const { source, externalId, username, phoneNumber, userId, state, issues } = user;
  const name = username ?? phoneNumber;
  const shown = name === null ? texts.imported.nameless : <bdi>{name}</bdi>;
  return (
    <li>
      <div>
        <p className="name">
          {userId === null ? (
            shown
          ) : (
            <Link to="/people/$id" params={{ id: userId }}>
              {shown}
            </Link>
          )}
        </p>
        <p className="quiet small">
          {username !== null && phoneNumber !== null && (
            <>
              <bdi dir="ltr">{phoneNumber}</bdi>
              {" · "}
            </>
          )}
          <bdi dir="ltr">{source}</bdi>
          {" · "}
          {texts.imported.id} <bdi dir="ltr">{externalId}</bdi>
        </p>
        {issues.length > 0 && (
          <ul className="bullets small">
            {issues.map((issue) => (
              <li key={`${issue.code} ${issue.field}`}>{describeIssue(issue, texts)}</li>
            ))}
          </ul>
        )}
        <p className="small">{texts.imported.states[state]}</p>
      </div>
    </li>
  );
}

/** Why a field was not taken as it stands there, and what was decided. */
function describeIssue({ code, field, decision }: Issue, texts: Texts): string {
  const { reasons, decisions } = texts.imported;
  const why = fill(reasons[findReason(code)], { field: nameOfField(field, texts) });
  const done = decision === null ? decisions.none : (decisions[decision as keyof typeof decisions] ?? decision);
  return `${why} (${done})`;
}

function findReason(code: string): keyof Texts["imported"]["reasons"] {
  if (code.endsWith("_shared")) return "shared";
  if (code.endsWith("_taken_here")) return "taken";
  if (code === "username_reserved") return "kept";
  return code === "no_name" ? "nameless" : "unfit";
}

function nameOfField(field: string, { fields, ways }: Texts): string {
  if (field === "password") return ways.password;
  return Object.hasOwn(fields, field) ? fields[field as keyof typeof fields] : field;
}
