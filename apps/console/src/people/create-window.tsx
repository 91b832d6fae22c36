import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { findFaults } from "../explain.ts";
import { useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { Window } from "../parts/window.tsx";
import { WindowForm } from "../parts/window-form.tsx";
import { auth, trpc } from "../service.ts";
import { HandedCode } from "./handed-code.tsx";

const fields = ["username", "phoneNumber", "email", "firstName", "lastName"] as const;
const nothing = { username: "", phoneNumber: "", email: "", firstName: "", lastName: "" };

interface CreateWindowProps {
  readonly isOpen: boolean;
  onClose(): void;
}

/** Creates an account, and shows once the code with which its owner sets a password. */
export function CreateWindow({ isOpen, onClose }: CreateWindowProps): ReactElement {
  const texts = useTexts();
  return (
    <Window title={texts.people.create} isOpen={isOpen} onClose={onClose}>
      <CreateForm onClose={onClose} />
    </Window>
  );
}

function CreateForm({ onClose }: Pick<CreateWindowProps, "onClose">): ReactElement {
  const texts = useTexts();
  const client = useQueryClient();
  const [typed, setTyped] = useState(nothing);
  const creation = useMutation({
    mutationFn: () => {
      const given = fields.filter((name) => typed[name].trim() !== "").map((name) => [name, typed[name].trim()]);
      return auth.api.users.create.mutate(Object.fromEntries(given));
    },
    // An answer may be lost of what was done all the same.
    onSettled: () => client.invalidateQueries({ queryKey: trpc.users.list.pathKey() }),
  });
  if (creation.data) {
    const { user, setPasswordCode, expiresAt } = creation.data;
    return (
      <div className="stack">
        <HandedCode code={setPasswordCode} expiresAt={expiresAt} />
        <div className="row end">
          <Link to="/people/$id" params={{ id: user.id }} className="button second">
            {texts.people.open}
          </Link>
          <Button kind="main" onPress={onClose}>
            {texts.done}
          </Button>
        </div>
      </div>
    );
  }
  const faults = findFaults(creation.error, texts);
  const isAtField = fields.some((name) => faults[name]);
  return (
    <WindowForm
      lead={<p className="quiet">{texts.people.createLead}</p>}
      error={isAtField ? null : creation.error}
      act={texts.create}
      isPending={creation.isPending}
      onSubmit={() => creation.mutate()}
      onCancel={onClose}
    >
      <div className="pair">
        {fields.map((name, index) => (
          <Field
            key={name}
            name={name}
            label={texts.fields[name]}
            autoComplete="off"
            isFirst={index === 0}
            value={typed[name]}
            onChange={(value) => setTyped({ ...typed, [name]: value })}
            fault={faults[name]}
            {...((name === "phoneNumber" || name === "email") && { dir: "ltr" as const })}
            {...(name === "phoneNumber" && { type: "tel", placeholder: "+90 532 123 45 67" })}
          />
        ))}
      </div>
    </WindowForm>
  );
}
