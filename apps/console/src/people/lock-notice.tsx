import type { User } from "@latchkey/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { explain } from "../explain.ts";
import { useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Moment } from "../parts/moment.tsx";
import { tell } from "../parts/notices.tsx";
import { auth, trpc } from "../service.ts";
import { useMay, useSession } from "../session.tsx";
import { refreshPeople } from "./refresh-person.ts";

/** Milliseconds for which a limit that was reached can still keep somebody out. */
const longest = 86_400_000;

/** That guesses have run into a limit of the account, and what can be done. */
export function LockNotice({ user }: { readonly user: User }): ReactElement | null {
  const texts = useTexts();
  const { user: self } = useSession();
  const mayChange = useMay("auth.change_user") && self.id !== user.id;
  const latest = (event: string) => trpc.audit.list.queryOptions({ userId: user.id, event, limit: 1 });
  const reached = useQuery(latest("limit_reached"));
  const unlocked = useQuery(latest("account_unlocked"));
  const signedIn = useQuery(latest("signed_in"));
  const unlocking = useMutation({
    mutationFn: () => auth.api.users.unlock.mutate({ id: user.id }),
    async onSuccess() {
      await refreshPeople();
      tell(texts.acts.unlock.done);
    },
  });
  const timeOf = ({ data }: typeof reached) => new Date(data?.events[0]?.occurredAt ?? 0).getTime();
  const at = timeOf(reached);
  const isOver = at < Date.now() - longest || at < timeOf(unlocked) || at < timeOf(signedIn);
  if (!reached.data || !unlocked.data || !signedIn.data || isOver) return null;
  return (
    <div className="notice warn" role="status">
      <p>
        {texts.person.locked} <Moment at={new Date(at)} />
      </p>
      {unlocking.error && <p>{explain(unlocking.error, texts)}</p>}
      {mayChange && (
        <Button isSmall isPending={unlocking.isPending} onPress={() => unlocking.mutate()}>
          {texts.acts.unlock.act}
        </Button>
      )}
    </div>
  );
}
