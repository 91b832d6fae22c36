import { isAuthError } from "@latchkey/client";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useState } from "react";
import { explain, findFaults } from "../explain.ts";
import { useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Changed, type ChangedField } from "../parts/changed.tsx";
import { Check } from "../parts/check.tsx";
import { Field } from "../parts/field.tsx";
import { tell } from "../parts/notices.tsx";
import { Window } from "../parts/window.tsx";
import { auth, queryClient, trpc } from "../service.ts";
import { useSession } from "../session.tsx";

export interface Group {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly string[];
}

interface GroupWindowProps {
  /** Null for one that is to be. */
  readonly group: Group | null;
  readonly isOpen: boolean;
  onClose(): void;
}

/** Makes a group, or changes its name and what it gives. */
export function GroupWindow({ group, isOpen, onClose }: GroupWindowProps): ReactElement {
  const texts = useTexts();
  return (
    <Window title={group ? texts.groups.edit : texts.groups.create} isOpen={isOpen} onClose={onClose}>
      <GroupForm group={group} onClose={onClose} />
    </Window>
  );
}

const nothing: Group = { id: "", name: "", permissions: [] };

function GroupForm({ group, onClose }: Omit<GroupWindowProps, "isOpen">): ReactElement {
  const texts = useTexts();
  const { permissions: held } = useSession();
  const [before, setBefore] = useState(group ?? nothing);
  const [name, setName] = useState(before.name);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(before.permissions));
  const [changed, setChanged] = useState<readonly ChangedField[]>([]);
  const saving = useMutation({
    async mutationFn(): Promise<void> {
      const permissions = [...chosen].sort();
      if (!group) {
        await auth.api.groups.create.mutate({ name, permissions });
        return;
      }
      const expected = { name: before.name, permissions: [...before.permissions] };
      await auth.api.groups.update.mutate({ id: group.id, name, permissions, expected });
    },
    async onSuccess() {
      await queryClient.invalidateQueries({ queryKey: trpc.groups.pathKey() });
      tell(texts.saved);
      onClose();
    },
    async onError(error) {
      if (!group || !isAuthError(error, "changed_meanwhile")) return;
      const now = await auth.api.groups.get.query({ id: group.id });
      const has = (permissions: readonly string[], one: string) => (permissions.includes(one) ? texts.yes : texts.no);
      const all = [...new Set([...before.permissions, ...now.permissions])];
      const others = all.filter((one) => before.permissions.includes(one) !== now.permissions.includes(one));
      setChanged([
        ...(now.name === before.name ? [] : [{ name: texts.fields.name, was: before.name, now: now.name }]),
        ...others.map((one) => ({ name: one, was: has(before.permissions, one), now: has(now.permissions, one) })),
      ]);
      const next = new Set(chosen);
      for (const one of others)
        if (chosen.has(one) === before.permissions.includes(one))
          now.permissions.includes(one) ? next.add(one) : next.delete(one);
      setChosen(next);
      if (name === before.name) setName(now.name);
      setBefore(now);
    },
  });
  const faults = findFaults(saving.error, texts);
  const isElsewhere = saving.error && !isAuthError(saving.error, "changed_meanwhile") && !faults.name;
  const all = [...new Set([...held, ...before.permissions])].sort();
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <Changed fields={changed} />
      {isElsewhere && (
        <p className="notice bad" role="alert">
          {explain(saving.error, texts)}
        </p>
      )}
      <Field
        name="name"
        label={texts.fields.name}
        value={name}
        onChange={setName}
        fault={faults.name}
        isFirst
        isRequired
      />
      <fieldset>
        <legend>{texts.groups.gives}</legend>
        <p className="hint">{texts.grants.onlyHeld}</p>
        <ul className="checks">
          {all.map((permission) => (
            <li key={permission}>
              <Check
                isSelected={chosen.has(permission)}
                onChange={(is) => {
                  const next = new Set(chosen);
                  if (is) next.add(permission);
                  else next.delete(permission);
                  setChosen(next);
                }}
              >
                <code dir="ltr">{permission}</code>
              </Check>
            </li>
          ))}
        </ul>
      </fieldset>
      <div className="row end">
        <Button onPress={onClose}>{texts.cancel}</Button>
        <Button kind="main" type="submit" isPending={saving.isPending}>
          {changed.length > 0 ? texts.changed.saveAnyway : texts.save}
        </Button>
      </div>
    </form>
  );
}
