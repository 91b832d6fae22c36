import type { User } from "@latchkey/client";
import { useNavigate } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { fill, useTexts } from "../language.tsx";
import { tell } from "../parts/notices.tsx";
import { Question } from "../parts/question.tsx";
import { tellWithUndo } from "../parts/undo.ts";
import { auth } from "../service.ts";
import { useMay, useSession } from "../session.tsx";
import { CodeWindow } from "./code-window.tsx";
import { nameOf } from "./name-of.ts";
import { refreshPeople } from "./refresh-person.ts";
import { useWaysIn } from "./ways-in.tsx";

type Act = "code" | "unlock" | "newPassword" | "secondFactor" | "disable" | "enable" | "delete";

/** What can be done with an account. What the service would refuse for one's own is not offered. */
export function Acts({ user }: { readonly user: User }): ReactElement | null {
  const texts = useTexts();
  const navigate = useNavigate();
  const { user: self } = useSession();
  const [mayChange, mayDelete] = [useMay("auth.change_user"), useMay("auth.delete_user")];
  const [asked, setAsked] = useState<Act | null>(null);
  const isOwn = user.id === self.id;
  const ways = useWaysIn(user.id).data;
  const hasFactor = !ways || ways.totp !== null || ways.passkeys.count > 0;
  const acts: readonly Act[] = [
    ...(mayChange && !isOwn && user.isActive ? (["code", "unlock"] as const) : []),
    ...(mayChange && user.isActive && ways?.password.isSet ? (["newPassword"] as const) : []),
    ...(mayChange && !isOwn && user.isActive && hasFactor ? (["secondFactor"] as const) : []),
    ...(mayChange ? ([user.isActive ? "disable" : "enable"] as const) : []),
    ...(mayDelete ? (["delete"] as const) : []),
  ];
  if (acts.length === 0) return null;
  const { id } = user;
  const name = nameOf(user);

  async function setActive(isActive: boolean): Promise<void> {
    await auth.api.users.update.mutate({ id, changes: { isActive } }).finally(refreshPeople);
  }

  const actions: Record<Exclude<Act, "code">, () => Promise<unknown>> = {
    async unlock() {
      await auth.api.users.unlock.mutate({ id });
      await refreshPeople();
      tell(texts.acts.unlock.done);
    },
    async newPassword() {
      await auth.api.users.requirePasswordChange.mutate({ id });
      await refreshPeople();
      tell(texts.acts.newPassword.done);
    },
    async secondFactor() {
      await auth.api.users.resetSecondFactor.mutate({ id });
      await refreshPeople();
      tell(texts.acts.secondFactor.done);
    },
    async disable() {
      await setActive(false);
      tellWithUndo(texts.acts.disable.done, texts, () => setActive(true));
    },
    async enable() {
      await setActive(true);
      tellWithUndo(texts.acts.enable.done, texts, () => setActive(false));
    },
    async delete() {
      await auth.api.users.delete.mutate({ id });
      tell(texts.acts.delete.done);
      await navigate({ to: "/people" });
      await refreshPeople();
    },
  };
  const close = () => setAsked(null);
  return (
    <>
      <MenuTrigger>
        <AriaButton className="button second">
          {texts.acts.menu}
          <span aria-hidden="true" className="arrow" />
        </AriaButton>
        <Popover className="popover" placement="bottom end">
          <Menu className="list-box" onAction={(key) => setAsked(key as Act)}>
            {acts.map((act) => (
              <MenuItem
                key={act}
                id={act}
                className={act === "delete" || act === "disable" ? "list-item bad" : "list-item"}
              >
                {texts.acts[act].name}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      <CodeWindow user={user} isOpen={asked === "code"} onClose={close} />
      {acts.map((act) =>
        act === "code" ? null : (
          <Question
            key={act}
            title={texts.acts[act].name}
            act={texts.acts[act].act}
            isDangerous={act === "delete" || act === "disable"}
            isOpen={asked === act}
            onClose={close}
            onAct={actions[act]}
          >
            <p>{fill(texts.acts[act].ask, { name })}</p>
          </Question>
        ),
      )}
    </>
  );
}
