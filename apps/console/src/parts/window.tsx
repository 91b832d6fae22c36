import { useBlocker } from "@tanstack/react-router";
import { type ReactElement, type ReactNode, useEffect, useRef } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";

interface WindowProps {
  readonly title: string;
  readonly isOpen: boolean;
  /** Without it the window stays until what it asks for is done. */
  readonly onClose?: (() => void) | undefined;
  readonly isAlert?: boolean;
  readonly children: ReactNode;
}

/** A window over the page, which has the keyboard until it is closed. */
export function Window({ title, isOpen, onClose, isAlert = false, children }: WindowProps): ReactElement {
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
