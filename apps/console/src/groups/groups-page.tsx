import { Link } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { fill, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { More } from "../parts/load-more.tsx";
import { tell } from "../parts/notices.tsx";
import { usePages } from "../parts/pages.ts";
import { Question } from "../parts/question.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { auth, trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { refreshGroups } from "./group-list.ts";
import { type Group, GroupWindow } from "./group-window.tsx";

/** Every group, and what each of them gives, as a table that can be read across and down. */
export function GroupsPage(): ReactElement {
  const texts = useTexts();
  const [mayAdd, mayChange, mayDelete] = [
    useMay("auth.add_group"),
    useMay("auth.change_group"),
    useMay("auth.delete_group"),
  ];
  const [edited, setEdited] = useState<Group | "new" | null>(null);
  const [leaving, setLeaving] = useState<Group | null>(null);
  const pages = usePages({
    key: [...trpc.groups.list.pathKey()],
    read: (after) => auth.api.groups.list.query({ limit: 100, ...after }),
  });
  return (
    <div className="page">
      <div className="head">
        <h1>{texts.places.groups}</h1>
        {mayAdd && (
          <Button kind="main" onPress={() => setEdited("new")}>
            {texts.groups.create}
          </Button>
        )}
      </div>
      <Loaded query={pages} lines={8}>
        {(found) => {
          const groups = found.pages.flatMap((page) => page.groups);
          if (groups.length === 0) return <Empty>{texts.groups.none}</Empty>;
          return (
            <Matrix
              groups={groups}
              onEdit={mayChange ? setEdited : undefined}
              onDelete={mayDelete ? setLeaving : undefined}
            />
          );
        }}
      </Loaded>
      <More pages={pages} />
      <GroupWindow group={edited === "new" ? null : edited} isOpen={edited !== null} onClose={() => setEdited(null)} />
      <Question
        title={texts.groups.delete}
        act={texts.acts.delete.act}
        isDangerous
        isOpen={leaving !== null}
        onClose={() => setLeaving(null)}
        onAct={async () => {
          if (leaving) await auth.api.groups.delete.mutate({ id: leaving.id });
          await refreshGroups();
          tell(texts.groups.deleted);
        }}
      >
        <p>{fill(texts.groups.askDelete, { name: leaving?.name ?? "" })}</p>
      </Question>
    </div>
  );
}

interface MatrixProps {
  readonly groups: readonly Group[];
  readonly onEdit: ((group: Group) => void) | undefined;
  readonly onDelete: ((group: Group) => void) | undefined;
}

/** Permissions down, by app and model; groups across. */
function Matrix({ groups, onEdit, onDelete }: MatrixProps): ReactElement {
  const texts = useTexts();
  const permissions = [...new Set(groups.flatMap((group) => group.permissions))].sort(byModel);
  return (
    <div className="card matrix-card">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex lint/a11y/useSemanticElements: whoever has no mouse scrolls it with the keyboard */}
      <div className="matrix-scroll" tabIndex={0} role="region" aria-label={texts.groups.matrix}>
        <table className="matrix">
          <thead>
            <tr>
              <td />
              {groups.map((group) => (
                <th scope="col" key={group.id}>
                  <bdi>{group.name}</bdi>
                  <span className="matrix-acts">
                    <Link to="/people" search={{ group: group.id }}>
                      {texts.groups.members}
                    </Link>
                    {onEdit && (
                      <Button
                        kind="quiet"
                        isSmall
                        aria-label={`${texts.edit}: ${group.name}`}
                        onPress={() => onEdit(group)}
                      >
                        {texts.edit}
                      </Button>
                    )}
                    {onDelete && (
                      <Button
                        kind="quiet"
                        isSmall
                        aria-label={`${texts.acts.delete.act}: ${group.name}`}
                        onPress={() => onDelete(group)}
                      >
                        {texts.acts.delete.act}
                      </Button>
                    )}
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {permissions.map((permission, index) => (
              <tr
                key={permission}
                className={modelOf(permission) === modelOf(permissions[index - 1] ?? "") ? "" : "first"}
              >
                <th scope="row">
                  <Permission name={permission} />
                </th>
                {groups.map((group) => {
                  const has = group.permissions.includes(permission);
                  return (
                    <td key={group.id}>
                      {has ? (
                        <span className="has" role="img" aria-label={texts.yes} />
                      ) : (
                        <span className="quiet">–</span>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
            {permissions.length === 0 && (
              <tr>
                <td colSpan={groups.length + 1}>{texts.groups.giveNothing}</td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </div>
  );
}

/** Where it does not fit, it goes on after its dot. */
function Permission({ name }: { readonly name: string }): ReactElement {
  const [app, rest] = name.split(/(?<=\.)/);
  return (
    <code dir="ltr">
      {app}
      <wbr />
      {rest}
    </code>
  );
}

/** `notes.note` of `notes.change_note`: what belongs together stands together. */
const modelOf = (permission: string): string => permission.replace(/\.[^_]*_/, ".");

const byModel = (one: string, other: string) => modelOf(one).localeCompare(modelOf(other)) || one.localeCompare(other);
