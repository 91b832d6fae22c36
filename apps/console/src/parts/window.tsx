import { useBlocker } from "@tanstack/react-router";
import { createContext, type ReactElement, type ReactNode, useEffect, useRef, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useTexts } from "../language.tsx";
import { Button } from "./button.tsx";

interface WindowProps {
  readonly title: string;
  readonly isOpen: boolean;
  /** Without it the window stays until what it asks for is done. */
  readonly onClose?: (() => void) | undefined;
  readonly isAlert?: boolean;
  readonly children: ReactNode;
}

/** Whether the window around a form holds what was typed and would be lost with it. */
export const HasTyped = createContext<{ current: boolean }>({ current: false });

/**
 * A window over the page, which has the keyboard until it is closed. Escape and "back" ask first where something was typed; whoever presses
 * "cancel" has said so.
 */
export function Window({ onClose, children, ...rest }: WindowProps): ReactElement {
  const texts = useTexts();
  const hasTyped = useRef(false);
  const [isAsked, setAsked] = useState(false);
  useEffect(() => {
    if (!rest.isOpen) setAsked(false);
  }, [rest.isOpen]);
  const stay = () => setAsked(false);
  const leave = () => {
    stay();
    onClose?.();
  };
  return (
    <>
      <Overlay {...rest} onClose={onClose && (() => (hasTyped.current ? setAsked(true) : onClose()))}>
        <HasTyped value={hasTyped}>{children}</HasTyped>
      </Overlay>
      <Overlay title={texts.unsaved.title} isOpen={isAsked && rest.isOpen} onClose={stay} isAlert>
        <p>{texts.unsaved.lead}</p>
        <div className="row end">
          <Button onPress={stay} autoFocus>
            {texts.unsaved.stay}
          </Button>
          <Button kind="danger" onPress={leave}>
            {texts.unsaved.leave}
          </Button>
        </div>
      </Overlay>
    </>
  );
}

function Overlay({ title, isOpen, onClose, isAlert = false, children }: WindowProps): ReactElement {
  useBack(isOpen, onClose);
  return (
    <ModalOverlay
      className="overlay"
      isOpen={isOpen}
      isDismissable={false}
      isKeyboardDismissDisabled={onClose === undefined}
      onOpenChange={(open) => {
        if (!open) onClose?.();
      }}
    >
      <Modal className="modal">
        <Dialog className="dialog" role={isAlert ? "alertdialog" : "dialog"}>
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

type Close = { readonly current: (() => void) | undefined };

/** How each open window is closed, the one on top last. */
const opened: Close[] = [];

/** Whoever presses "back" leaves the window on top, and not the page below it with all that was typed. */
function useBack(isOpen: boolean, onClose: (() => void) | undefined): void {
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    if (!isOpen) return;
    opened.push(close);
    return () => void opened.splice(opened.indexOf(close), 1);
  }, [isOpen]);
  useBlocker({
    shouldBlockFn({ action }) {
      if (action !== "BACK") return false;
      opened.at(-1)?.current?.();
      return true;
    },
    disabled: !isOpen,
    enableBeforeUnload: false,
  });
}
