import type { User } from "@latchkey/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { explain } from "../explain.ts";
import { fill, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Moment } from "../parts/moment.tsx";
import { tell } from "../parts/notices.tsx";
import { Unread } from "../parts/state.tsx";
import { auth, trpc } from "../service.ts";
import { useMay, useSession } from "../session.tsx";
import { refreshPeople } from "./refresh-person.ts";
import { useWaysIn } from "./ways-in.tsx";

/** Milliseconds for which a limit that was reached can still keep somebody out. */
const longest = 86_400_000;

/**
 * When guesses ran into a limit that may still keep somebody out, as the audit trail has it; null where none did, and as long as not all of
 * the queries are answered.
 */
export function useReachedAt(userId: string) {
  const maySee = useMay("auth.view_auditevent");
  const latest = (event: string) => ({
    ...trpc.audit.list.queryOptions({ userId, event, limit: 1 }),
    enabled: maySee,
  });
  const reached = useQuery(latest("limit_reached"));
  const unlocked = useQuery(latest("account_unlocked"));
  const signedIn = useQuery(latest("signed_in"));
  const timeOf = ({ data }: typeof reached) => new Date(data?.events[0]?.occurredAt ?? 0).getTime();
  const at = timeOf(reached);
  const isOver = at < Date.now() - longest || at < timeOf(unlocked) || at < timeOf(signedIn);
  const isKnown = reached.data && unlocked.data && signedIn.data;
  return { at: isKnown && !isOver ? new Date(at) : null, queries: [reached, unlocked, signedIn] as const };
}

/** That guesses have run into a limit of the account, which are closed and until when, and what can be done. */
export function LockNotice({ user }: { readonly user: User }): ReactElement | null {
  const texts = useTexts();
  const { user: self } = useSession();
  const mayChange = useMay("auth.change_user") && self.id !== user.id;
  const { at: reachedAt, queries } = useReachedAt(user.id);
  const limits = useWaysIn(user.id).data?.limits ?? [];
  const unlocking = useMutation({
    mutationFn: () => auth.api.users.unlock.mutate({ id: user.id }),
    async onSuccess() {
      await refreshPeople();
      tell(texts.acts.unlock.done);
    },
  });
  const nameOfLimit = (limit: string) => texts.limits.names[limit as keyof typeof texts.limits.names] ?? limit;
  if (reachedAt === null && limits.length === 0) return <Unread queries={queries} />;
  return (
    <div className="notice warn" role="status">
      <p>
        {texts.person.locked} {reachedAt && <Moment at={reachedAt} />}
      </p>
      {limits.length > 0 && (
        <ul className="bullets">
          {limits.map(({ limit, until }) => (
            <li key={limit}>
              {fill(texts.limits.line, {
                limit: nameOfLimit(limit),
                state: until === null ? texts.limits.forGood : texts.limits.until,
              })}{" "}
              {until !== null && <Moment at={until} />}
            </li>
          ))}
        </ul>
      )}
      {unlocking.error && <p>{explain(unlocking.error, texts)}</p>}
      {mayChange && (
        <Button isSmall isPending={unlocking.isPending} onPress={() => unlocking.mutate()}>
          {texts.acts.unlock.act}
        </Button>
      )}
    </div>
  );
}
