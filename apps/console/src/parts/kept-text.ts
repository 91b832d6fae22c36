import { type HistoryState, useLocation, useRouter } from "@tanstack/react-router";
import { useRef } from "react";

type Kept = "q" | "address";

const isAt = (pathname: string, path: string) => pathname.replace(/\/$/, "").endsWith(path);

/**
 * What somebody typed and is kept with the entry of the browser's history that a screen has. While another screen loads, whose entry has
 * nothing of it, it stays as it was.
 *
 * @param path the screen's
 */
export function useKeptText(path: string, name: Kept): string {
  const last = useRef("");
  const kept = useLocation({
    select: ({ pathname, state }) => (isAt(pathname, path) ? ((state as HistoryState)[name] ?? "") : null),
  });
  if (kept !== null) last.current = kept;
  return last.current;
}

/** Whether a screen is still where somebody wants to be, and not one that is left for another which loads. */
export function useIsStillAt(path: string): () => boolean {
  const router = useRouter();
  return () => isAt(router.latestLocation.pathname, path);
}
