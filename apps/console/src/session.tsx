import type { Permission, User } from "@latchkey/client";
import { useQuery } from "@tanstack/react-query";
import {
  createContext,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from "react";
import { enter, entryKey, isOver, toSignIn } from "./entry.ts";
import { findPlaces } from "./frame/places.ts";
import { ReauthenticateWindow } from "./frame/reauthenticate-window.tsx";
import { SessionEnded } from "./frame/session-ended.tsx";
import { AwayPage, EnteringPage, StrangerPage } from "./frame/whole-pages.tsx";
import { auth, consolePath, isAnswer } from "./service.ts";

/** Who works here, and what they may do. */
export interface Session {
  readonly user: User;
  readonly permissions: ReadonlySet<string>;
}

const Entered = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(Entered);
  if (!session) throw new Error("There is no session around this component");
  return session;
}

/** Whether the person holds a permission: for showing and hiding. The service checks every call by itself. */
export const useMay = (permission: Permission): boolean => useSession().permissions.has(permission);

/** Lets nobody further who is not signed in: to the service's own pages, and back. */
export function SessionGate({ children }: { readonly children: ReactNode }): ReactElement {
  const { data, error, failureReason } = useQuery({
    queryKey: entryKey,
    queryFn: enter,
    staleTime: 30_000,
    refetchInterval: 60_000,
    retry: (_, failure) => !isAnswer(failure),
  });
  const { status, user } = useSyncExternalStore(auth.subscribe, auth.getSnapshot);
  const mustSignIn = !data && isOver(error);
  useEffect(() => {
    if (mustSignIn) location.replace(toSignIn(location.pathname.slice(consolePath.length) + location.search));
  }, [mustSignIn]);
  const session = useMemo(() => data && { user: data.user, permissions: new Set(data.permissions) }, [data]);
  const personId = session?.user.id;
  // What is on the screen is of the person before.
  const isAnother = user !== null && personId !== undefined && user.id !== personId;
  useEffect(() => {
    if (isAnother) location.reload();
  }, [isAnother]);
  if (!session || isAnother) return failureReason && !mustSignIn ? <AwayPage /> : <EnteringPage />;
  const isKnown = findPlaces(session.permissions).length > 0;
  return (
    <Entered.Provider value={session}>
      {isKnown ? children : <StrangerPage user={session.user} />}
      <ReauthenticateWindow />
      <SessionEnded isOpen={status === "signedOut"} />
    </Entered.Provider>
  );
}
