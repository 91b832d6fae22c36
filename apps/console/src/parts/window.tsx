import type { ReactElement, ReactNode } from "react";
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
