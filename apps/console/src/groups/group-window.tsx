import { isAuthError } from "@latchkey/client";
import { useMutation } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { findFaults } from "../explain.ts";
import { useTexts } from "../language.tsx";
import { Changed, type ChangedField } from "../parts/changed.tsx";
import { Field } from "../parts/field.tsx";
import { tell } from "../parts/notices.tsx";
import { PermissionChecks } from "../parts/permission-checks.tsx";
import { tellWithUndo } from "../parts/undo.ts";
import { useChosen } from "../parts/use-checked-items.ts";
import { Window } from "../parts/window.tsx";
import { WindowForm } from "../parts/window-form.tsx";
import { auth } from "../service.ts";
import { refreshGroups } from "./group-list.ts";

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

function GroupForm({ group, onClose }: Omit<GroupWindowProps, "isOpen">): ReactElement {
  const texts = useTexts();
  const [nameBefore, setNameBefore] = useState(group?.name ?? "");
  const [name, setName] = useState(nameBefore);
  const given = useChosen(group?.permissions ?? []);
  const [changed, setChanged] = useState<readonly ChangedField[]>([]);
  const saving = useMutation({
    async mutationFn() {
      const permissions = [...given.chosen].sort();
      if (!group) {
        await auth.api.groups.create.mutate({ name, permissions });
        return null;
      }
      const [id, former] = [group.id, { name: nameBefore, permissions: [...given.before] }];
      const expected = await auth.api.groups.update.mutate({ id, name, permissions, expected: former });
      return { id, ...former, expected: { name: expected.name, permissions: [...expected.permissions] } };
    },
    async onSuccess(undoing) {
      await refreshGroups();
      if (undoing)
        tellWithUndo(texts.saved, texts, () => auth.api.groups.update.mutate(undoing).finally(refreshGroups));
      else tell(texts.saved);
      onClose();
    },
    async onError(error) {
      if (!group || !isAuthError(error, "changed_meanwhile")) return;
      const now = await auth.api.groups.get.query({ id: group.id });
      setChanged([
        ...(now.name === nameBefore ? [] : [{ name: texts.fields.name, was: nameBefore, now: now.name }]),
        ...given.takeOver(now.permissions),
      ]);
      if (name === nameBefore) setName(now.name);
      setNameBefore(now.name);
    },
  });
  const faults = findFaults(saving.error, texts);
  return (
    <WindowForm
      lead={<Changed fields={changed} />}
      error={faults.name ? null : saving.error}
      act={changed.length > 0 ? texts.changed.saveAnyway : texts.save}
      isPending={saving.isPending}
      onSubmit={() => saving.mutate()}
      onCancel={onClose}
    >
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
        <PermissionChecks {...given} />
      </fieldset>
    </WindowForm>
  );
}
