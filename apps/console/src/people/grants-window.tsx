import { isAuthError, type User } from "@latchkey/client";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, type ReactNode, useState } from "react";
import { explain } from "../explain.ts";
import { useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Changed, type ChangedField } from "../parts/changed.tsx";
import { Check } from "../parts/check.tsx";
import { tell } from "../parts/notices.tsx";
import { usePages } from "../parts/pages.ts";
import { Empty, Loaded } from "../parts/state.tsx";
import { Window } from "../parts/window.tsx";
import { auth, trpc } from "../service.ts";
import { useMay, useSession } from "../session.tsx";
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
        {(isChosen, choose) =>
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
                          <Check isSelected={isChosen(id)} onChange={(is) => choose(id, is)}>
                            <bdi>{name}</bdi>
                            <span className="hint block" dir="ltr">
                              {permissions.join(", ")}
                            </span>
                          </Check>
                        </li>
                      ))}
                    </ul>
                    {pages.hasNextPage && (
                      <Button isSmall onPress={() => void pages.fetchNextPage()}>
                        {texts.more}
                      </Button>
                    )}
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
  const { permissions: held } = useSession();
  const all = [...new Set([...held, ...permissions])].sort();
  return (
    <Window title={texts.grants.ownPermissions} isOpen={isOpen} onClose={onClose}>
      <SetForm
        present={permissions}
        save={(wanted, expected) =>
          auth.api.users.setPermissions.mutate({ id: user.id, permissions: [...wanted], expected: [...expected] })
        }
        readPresent={async () => (await auth.api.users.get.query({ id: user.id })).permissions}
        nameOf={(permission) => permission}
        onClose={onClose}
      >
        {(isChosen, choose) => (
          <>
            <p className="quiet">{texts.grants.onlyHeld}</p>
            <ul className="checks">
              {all.map((permission) => (
                <li key={permission}>
                  <Check isSelected={isChosen(permission)} onChange={(is) => choose(permission, is)}>
                    <code dir="ltr">{permission}</code>
                  </Check>
                </li>
              ))}
            </ul>
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
  nameOf(thing: string): string;
  onClose(): void;
  children(isChosen: (thing: string) => boolean, choose: (thing: string, is: boolean) => void): ReactNode;
}

/** Makes a set of things exactly what is ticked, unless somebody else has changed it meanwhile: then it says what. */
function SetForm({ present, save, readPresent, nameOf, onClose, children }: SetFormProps): ReactElement {
  const texts = useTexts();
  const [before, setBefore] = useState(present);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(present));
  const [changed, setChanged] = useState<readonly ChangedField[]>([]);
  const saving = useMutation({
    mutationFn: () => save([...chosen], before),
    async onSuccess() {
      await refreshPeople();
      const undo = () =>
        save(before, [...chosen])
          .then(refreshPeople)
          .catch((error) => tell(explain(error, texts)));
      tell(texts.saved, () => void undo());
      onClose();
    },
    async onError(error) {
      if (!isAuthError(error, "changed_meanwhile")) return;
      const now = await readPresent();
      const has = (things: readonly string[], thing: string) => (things.includes(thing) ? texts.yes : texts.no);
      const others = [...new Set([...before, ...now])].filter(
        (thing) => before.includes(thing) !== now.includes(thing),
      );
      setChanged(others.map((thing) => ({ name: nameOf(thing), was: has(before, thing), now: has(now, thing) })));
      // What is theirs stays theirs, unless it was touched here as well.
      const next = new Set(chosen);
      for (const thing of others)
        if (chosen.has(thing) === before.includes(thing)) now.includes(thing) ? next.add(thing) : next.delete(thing);
      setChosen(next);
      setBefore(now);
    },
  });
  const choose = (thing: string, is: boolean) => {
    const next = new Set(chosen);
    if (is) next.add(thing);
    else next.delete(thing);
    setChosen(next);
  };
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <Changed fields={changed} />
      {saving.error && !isAuthError(saving.error, "changed_meanwhile") && (
        <p className="notice bad" role="alert">
          {explain(saving.error, texts)}
        </p>
      )}
      {children((thing) => chosen.has(thing), choose)}
      <div className="row end">
        <Button onPress={onClose}>{texts.cancel}</Button>
        <Button kind="main" type="submit" isPending={saving.isPending}>
          {changed.length > 0 ? texts.changed.saveAnyway : texts.save}
        </Button>
      </div>
    </form>
  );
}
