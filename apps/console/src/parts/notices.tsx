import { type ReactElement, useEffect } from "react";
import { useTexts } from "../language.tsx";
import { createStore, useStore } from "../store.ts";
import { Button } from "./button.tsx";

interface Notice {
  readonly text: string;
  /** Takes back what is told of, where that can be had. */
  readonly undo?: (() => void) | undefined;
}

const shown = createStore<Notice | null>(null);

/** Says that something was done. */
export const tell = (text: string, undo?: () => void): void => shown.set({ text, undo });

/** Milliseconds for which it stays; with something to press it stays until it is pressed or replaced. */
const timeLimit = 6_000;

export function Notices(): ReactElement {
  const texts = useTexts();
  const notice = useStore(shown);
  useEffect(() => {
    if (!notice || notice.undo) return;
    const timer = setTimeout(() => shown.set(null), timeLimit);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <div className="notices" role="status">
      {notice && (
        <div className="toast">
          <span>{notice.text}</span>
          {notice.undo && (
            <Button
              kind="quiet"
              isSmall
              onPress={() => {
                shown.set(null);
                notice.undo?.();
              }}
            >
              {texts.undo}
            </Button>
          )}
          <Button kind="quiet" isSmall aria-label={texts.close} onPress={() => shown.set(null)}>
            <span aria-hidden="true">×</span>
          </Button>
        </div>
      )}
    </div>
  );
}
