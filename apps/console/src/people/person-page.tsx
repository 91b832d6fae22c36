import { isAuthError, type User } from "@latchkey/client";
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { useFormats, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Card, Fact } from "../parts/card.tsx";
import { Moment } from "../parts/moment.tsx";
import { Empty, findFailure, Loaded } from "../parts/state.tsx";
import { personRoute } from "../router.tsx";
import { trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { BackToPeople } from "./back-to-people.tsx";
import { EditWindow, findOwnFields, nameFields, profileFields } from "./edit-window.tsx";
import { Grants } from "./grants.tsx";
import { LockNotice, useReachedAt } from "./lock-notice.tsx";
import { nameOf } from "./name-of.ts";
import { useWaiting, Waiting } from "./pending-changes.tsx";
import { Sessions } from "./sessions.tsx";
import { Tags } from "./tags.tsx";
import { Acts } from "./user-actions.tsx";
import { Happenings } from "./user-activity.tsx";
import { useWaysIn, WaysIn } from "./ways-in.tsx";

export function PersonPage(): ReactElement {
  const texts = useTexts();
  const { id } = personRoute.useParams();
  const person = useQuery(trpc.users.get.queryOptions({ id }));
  // What may stand above the rest comes with it, so that nothing is pushed down.
  const beside = [useWaysIn(id), useWaiting(id), ...useReachedAt(id).queries];
  const isLoading = beside.some((part) => part.isLoading && findFailure(part) == null);
  return (
    <div className="page">
      <BackToPeople />
      {(isLoading || !person.data) && <h1>{texts.person.account}</h1>}
      {isGone(person.error) ? (
        <Empty>{texts.person.gone}</Empty>
      ) : (
        <Loaded query={isLoading ? { ...person, data: undefined, error: null } : person} lines={10}>
          {(found) => <Person key={id} {...found} />}
        </Loaded>
      )}
    </div>
  );
}

const isGone = (error: unknown) => isAuthError(error, "not_found") || isAuthError(error, "invalid_input");

interface PersonProps {
  readonly user: User;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  readonly permissions: readonly string[];
  readonly effectivePermissions: readonly string[];
  readonly externalId: string | null;
  readonly deletionDueAt: string | Date | null;
}

function Person({ user, externalId, deletionDueAt, ...grants }: PersonProps): ReactElement {
  const texts = useTexts();
  const maySeeEvents = useMay("auth.view_auditevent");
  return (
    <>
      <div className="head">
        <div>
          <h1>
            <bdi>{nameOf(user)}</bdi> <Tags user={user} />
          </h1>
          <p className="quiet small">
            <code dir="ltr">{user.id}</code>
          </p>
        </div>
        <Acts user={user} />
      </div>
      {deletionDueAt !== null && (
        <p className="notice warn">
          <span>
            {texts.person.deletion} <Moment at={deletionDueAt} />
          </span>
        </p>
      )}
      <LockNotice user={user} />
      <div className="columns">
        <div className="stack">
          <Profile user={user} externalId={externalId} />
          <Waiting user={user} />
          <WaysIn user={user} />
          <Grants user={user} {...grants} />
        </div>
        <div className="stack">
          <Sessions user={user} />
          {maySeeEvents && <Happenings userId={user.id} />}
        </div>
      </div>
    </>
  );
}

/** An address that does not fit goes on after its @. */
function Address({ address }: { readonly address: string | null }): ReactElement | null {
  if (address === null) return <span className="quiet">–</span>;
  const [name, host] = address.split(/(?<=@)/);
  return (
    <>
      {name}
      <wbr />
      {host}
    </>
  );
}

function Profile({ user, externalId }: Pick<PersonProps, "user" | "externalId">): ReactElement {
  const texts = useTexts();
  const { day } = useFormats();
  const mayChange = useMay("auth.change_user");
  const [isEditing, setEditing] = useState(false);
  const own = findOwnFields(user);
  return (
    <Card
      title={texts.person.profile}
      act={
        mayChange && (
          <Button isSmall onPress={() => setEditing(true)}>
            {texts.edit}
          </Button>
        )
      }
    >
      <dl className="facts">
        {[...nameFields, ...profileFields].map((name) => (
          <Fact key={name} name={texts.fields[name]} isLatin={name === "phoneNumber" || name === "email"}>
            {name === "email" ? <Address address={user.email} /> : user[name]}
          </Fact>
        ))}
        {own.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value === null ? null : String(value)}
          </Fact>
        ))}
        <Fact name={texts.fields.isApprovedToBeInTouch}>{user.isApprovedToBeInTouch ? texts.yes : texts.no}</Fact>
        <Fact name={texts.fields.dateJoined}>{day(user.dateJoined)}</Fact>
        <Fact name={texts.fields.lastLogin}>{user.lastLogin && <Moment at={user.lastLogin} />}</Fact>
        {externalId !== null && (
          <Fact name={texts.fields.externalId} isLatin>
            {externalId}
          </Fact>
        )}
      </dl>
      {mayChange && <EditWindow user={user} isOpen={isEditing} onClose={() => setEditing(false)} />}
    </Card>
  );
}
