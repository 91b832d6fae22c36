import { isAuthError, type User } from "@latchkey/client";
import { useMutation } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { findFaults } from "../explain.ts";
import { useTexts } from "../language.tsx";
import { Changed, type ChangedField } from "../parts/changed.tsx";
import { Check } from "../parts/check.tsx";
import { Choice } from "../parts/choice.tsx";
import { Field } from "../parts/field.tsx";
import { tell } from "../parts/notices.tsx";
import { tellWithUndo } from "../parts/undo.ts";
import { Window } from "../parts/window.tsx";
import { WindowForm } from "../parts/window-form.tsx";
import { auth } from "../service.ts";
import { useMay, useSession } from "../session.tsx";
import { refreshPeople } from "./refresh-person.ts";
import { canTakeBack } from "./take-back.ts";

export const nameFields = ["username", "phoneNumber", "email"] as const;
export const profileFields = ["firstName", "lastName", "gender", "country", "city", "state"] as const;
const flags = ["isApprovedToBeInTouch", "isStaff", "isSuperuser"] as const;

const known: readonly string[] = [
  ...nameFields,
  ...profileFields,
  ...flags,
  "id",
  "isActive",
  "dateJoined",
  "lastLogin",
];

/** The fields that a team has declared by itself. */
export const findOwnFields = (user: User): (readonly [name: string, value: unknown])[] =>
  Object.entries(user).filter(([name]) => !known.includes(name));

type TextField = (typeof nameFields)[number] | (typeof profileFields)[number];
type Typed = { [Name in TextField]: string } & { [Name in (typeof flags)[number]]: boolean };

const texted = [...nameFields, ...profileFields] as const;

function toTyped(user: User): Typed {
  const texts = Object.fromEntries(texted.map((name) => [name, user[name] ?? ""]));
  const chosen = Object.fromEntries(flags.map((name) => [name, user[name]]));
  return { ...texts, ...chosen } as Typed;
}

/** What a field is to be; an empty one is none, but for the two that are never null. */
function toValue(name: keyof Typed, value: string | boolean): string | boolean | null {
  if (typeof value === "boolean") return value;
  const text = value.trim();
  return text === "" && name !== "firstName" && name !== "lastName" ? null : text;
}

const everyField = [...texted, ...flags] as const;

interface EditWindowProps {
  readonly user: User;
  readonly isOpen: boolean;
  onClose(): void;
}

export function EditWindow({ user, isOpen, onClose }: EditWindowProps): ReactElement {
  const texts = useTexts();
  return (
    <Window title={texts.person.edit} isOpen={isOpen} onClose={onClose}>
      <EditForm user={user} onClose={onClose} />
    </Window>
  );
}

function EditForm({ user, onClose }: Omit<EditWindowProps, "isOpen">): ReactElement {
  const texts = useTexts();
  const { user: self } = useSession();
  const mayContact = useMay("auth.view_contact");
  /** What the form began with: what somebody else changed since is told by it. */
  const [before, setBefore] = useState(user);
  const [typed, setTyped] = useState(() => toTyped(user));
  const [changed, setChanged] = useState<readonly ChangedField[]>([]);
  const saving = useMutation({
    async mutationFn() {
      const fields = everyField.filter((name) => toValue(name, typed[name]) !== (before[name] ?? null));
      if (fields.length === 0) return null;
      const pairs = (values: (name: (typeof everyField)[number]) => unknown) =>
        Object.fromEntries(fields.map((name) => [name, values(name)]));
      const former = pairs((name) => before[name]);
      const updated = await auth.api.users.update.mutate({
        id: user.id,
        changes: pairs((name) => toValue(name, typed[name])),
        expected: former,
      });
      if (!canTakeBack(former, { seesContact: mayContact || self.id === user.id })) return null;
      return { id: user.id, changes: former, expected: pairs((name) => updated[name]) };
    },
    async onSuccess(undoing) {
      await refreshPeople();
      if (undoing) tellWithUndo(texts.saved, texts, () => auth.api.users.update.mutate(undoing).finally(refreshPeople));
      else tell(texts.saved);
      onClose();
    },
    async onError(error) {
      if (!isAuthError(error, "changed_meanwhile")) return;
      const { user: now } = await auth.api.users.get.query({ id: user.id });
      const others = everyField.filter((name) => now[name] !== before[name]);
      setChanged(others.map((name) => ({ name: texts.fields[name], was: show(before[name]), now: show(now[name]) })));
      // What somebody else has changed and nobody touched here is theirs from now on.
      const untouched = others.filter((name) => toValue(name, typed[name]) === (before[name] ?? null));
      const theirs = toTyped(now);
      setTyped({ ...typed, ...Object.fromEntries(untouched.map((name) => [name, theirs[name]])) });
      setBefore(now);
    },
  });
  const show = (value: unknown) =>
    typeof value === "boolean" ? (value ? texts.yes : texts.no) : value == null || value === "" ? "–" : String(value);
  const set = (changes: Partial<Typed>) => setTyped({ ...typed, ...changes });
  const faults = findFaults(saving.error, texts);
  const isAtField = texted.some((name) => faults[name]);
  const genders = [
    { id: "", name: "–" },
    { id: "Female", name: texts.person.genders.Female },
    { id: "Male", name: texts.person.genders.Male },
  ];
  return (
    <WindowForm
      lead={<Changed fields={changed} />}
      error={isAtField ? null : saving.error}
      act={changed.length > 0 ? texts.changed.saveAnyway : texts.save}
      isPending={saving.isPending}
      onSubmit={() => saving.mutate()}
      onCancel={onClose}
    >
      <div className="pair">
        {texted.map((name, index) =>
          name === "gender" ? (
            <Choice
              key={name}
              label={texts.fields.gender}
              options={genders}
              value={typed.gender}
              onChange={(gender) => set({ gender })}
            />
          ) : (
            <Field
              key={name}
              name={name}
              label={texts.fields[name]}
              autoComplete="off"
              isFirst={index === 0}
              value={typed[name]}
              onChange={(value) => set({ [name]: value })}
              fault={faults[name]}
              {...((name === "phoneNumber" || name === "email") && { dir: "ltr" as const })}
            />
          ),
        )}
      </div>
      {/* It is for the person to agree, and for anybody to take it back in their name. */}
      <Check
        isSelected={typed.isApprovedToBeInTouch}
        isDisabled={!before.isApprovedToBeInTouch}
        onChange={(is) => set({ isApprovedToBeInTouch: is })}
      >
        {texts.fields.isApprovedToBeInTouch}
      </Check>
      {self.isSuperuser && (
        <div className="pair">
          <Check isSelected={typed.isStaff} onChange={(isStaff) => set({ isStaff })}>
            {texts.fields.isStaff}
          </Check>
          <Check isSelected={typed.isSuperuser} onChange={(isSuperuser) => set({ isSuperuser })}>
            {texts.fields.isSuperuser}
          </Check>
        </div>
      )}
    </WindowForm>
  );
}
