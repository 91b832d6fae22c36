import { isAuthError, type User } from "@latchkey/client";
import { useMutation } from "@tanstack/react-query";
import { type ReactElement, type ReactNode, useState } from "react";
import { useTexts } from "../language.tsx";
import { Changed, type ChangedField } from "../parts/changed.tsx";
import { Check } from "../parts/check.tsx";
import { More } from "../parts/load-more.tsx";
import { usePages } from "../parts/pages.ts";
import { PermissionChecks } from "../parts/permission-checks.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { tellWithUndo } from "../parts/undo.ts";
import { type Chosen, useChosen } from "../parts/use-checked-items.ts";
import { Window } from "../parts/window.tsx";
import { WindowForm } from "../parts/window-form.tsx";
import { auth, trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { refreshPeople } from "./refresh-person.ts";

interface WindowProps {
  readonly user: User;
  readonly isOpen: boolean;
  onClose(): void;
}

type Group = { readonly id: string; readonly name: string };

/** Puts somebody into groups, and takes them out. */
export function GroupsWindow({
  groups,
  isOpen,
  onClose,
  user,
}: WindowProps & { readonly groups: readonly Group[] }): ReactElement {
  const texts = useTexts();
  const mayGroups = useMay("auth.view_group");
  const pages = usePages({
    key: [...trpc.groups.list.pathKey()],
    read: (after) => auth.api.groups.list.query({ limit: 100, ...after }),
    isEnabled: mayGroups && isOpen,
  });
  const save = (groupIds: readonly string[], expected: readonly string[]) =>
    auth.api.users.setGroups.mutate({ id: user.id, groupIds: [...groupIds], expected: [...expected] });
  return (
    <Window title={texts.grants.groups} isOpen={isOpen} onClose={onClose}>
      <SetForm
        present={groups.map(({ id }) => id)}
        save={save}
        readPresent={async () => (await auth.api.users.get.query({ id: user.id })).groups.map(({ id }) => id)}
        nameOf={(id) => pages.data?.pages.flatMap((page) => page.groups).find((group) => group.id === id)?.name ?? id}
        onClose={onClose}
      >
        {({ chosen, choose }) =>
          mayGroups ? (
            <Loaded query={pages}>
              {(found) => {
                const all = found.pages.flatMap((page) => page.groups);
                if (all.length === 0) return <Empty>{texts.groups.none}</Empty>;
                return (
                  <>
                    <ul className="checks">
                      {all.map(({ id, name, permissions }) => (
                        <li key={id}>
                          <Check isSelected={chosen.has(id)} onChange={(is) => choose(id, is)}>
                            <bdi>{name}</bdi>
                            <span className="hint block" dir="ltr">
                              {permissions.join(", ")}
                            </span>
                          </Check>
                        </li>
                      ))}
                    </ul>
                    <More pages={pages} isSmall />
                  </>
                );
              }}
            </Loaded>
          ) : (
            <Empty>{texts.grants.mayNotSeeGroups}</Empty>
          )
        }
      </SetForm>
    </Window>
  );
}

/** Gives somebody permissions of their own, and takes them away: those that one holds, since nobody can give others. */
export function PermissionsWindow({
  permissions,
  isOpen,
  onClose,
  user,
}: WindowProps & { readonly permissions: readonly string[] }): ReactElement {
  const texts = useTexts();
  return (
    <Window title={texts.grants.ownPermissions} isOpen={isOpen} onClose={onClose}>
      <SetForm
        present={permissions}
        save={(wanted, expected) =>
          auth.api.users.setPermissions.mutate({ id: user.id, permissions: [...wanted], expected: [...expected] })
        }
        readPresent={async () => (await auth.api.users.get.query({ id: user.id })).permissions}
        onClose={onClose}
      >
        {(things) => (
          <>
            <p className="quiet">{texts.grants.onlyHeld}</p>
            <PermissionChecks {...things} />
          </>
        )}
      </SetForm>
    </Window>
  );
}

interface SetFormProps {
  /** What there is when the window opens. */
  readonly present: readonly string[];
  save(wanted: readonly string[], expected: readonly string[]): Promise<unknown>;
  readPresent(): Promise<readonly string[]>;
  nameOf?(thing: string): string;
  onClose(): void;
  children(things: Chosen): ReactNode;
}

/** Makes a set of things exactly what is ticked, unless somebody else has changed it meanwhile: then it says what. */
function SetForm({ present, save, readPresent, nameOf, onClose, children }: SetFormProps): ReactElement {
  const texts = useTexts();
  const things = useChosen(present);
  const [changed, setChanged] = useState<readonly ChangedField[]>([]);
  const saving = useMutation({
    mutationFn: () => save([...things.chosen], things.before),
    async onSuccess() {
      await refreshPeople();
      tellWithUndo(texts.saved, texts, () => save(things.before, [...things.chosen]).finally(refreshPeople));
      onClose();
    },
    async onError(error) {
      if (isAuthError(error, "changed_meanwhile")) setChanged(things.takeOver(await readPresent(), nameOf));
    },
  });
  return (
    <WindowForm
      lead={<Changed fields={changed} />}
      error={saving.error}
      act={changed.length > 0 ? texts.changed.saveAnyway : texts.save}
      isPending={saving.isPending}
      onSubmit={() => saving.mutate()}
      onCancel={onClose}
    >
      {children(things)}
    </WindowForm>
  );
}
