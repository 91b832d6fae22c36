import type { User } from "@latchkey/client";
import { useQuery } from "@tanstack/react-query";
import { Fragment, type ReactElement, useState } from "react";
import { useGroups } from "../groups/group-list.ts";
import { useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Moment } from "../parts/moment.tsx";
import { Empty, Unread } from "../parts/state.tsx";
import { trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { findSince, type GrantEvent } from "./grant-history.ts";
import { GroupsWindow, PermissionsWindow } from "./grants-window.tsx";
import { PersonLink } from "./person-link.tsx";

export interface GrantsProps {
  readonly user: User;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  readonly permissions: readonly string[];
  readonly effectivePermissions: readonly string[];
}

/** What somebody may do, and where each of it comes from. */
export function Grants(props: GrantsProps): ReactElement {
  const { user, groups, permissions } = props;
  const texts = useTexts();
  const mayChange = useMay("auth.change_user");
  const [edited, setEdited] = useState<"groups" | "permissions" | null>(null);
  const setGroups = useGrantEvents(user.id, "groups_set");
  const events = setGroups.data?.events ?? [];
  const edit = (what: "groups" | "permissions") =>
    mayChange && (
      <Button isSmall onPress={() => setEdited(what)}>
        {texts.edit}
      </Button>
    );
  const close = () => setEdited(null);
  return (
    <>
      <Card title={texts.grants.groups} act={edit("groups")}>
        {groups.length === 0 ? (
          <Empty>{texts.grants.noGroups}</Empty>
        ) : (
          <ul className="rows">
            {groups.map(({ id, name }) => (
              <li key={id}>
                <div>
                  <p className="name">
                    <bdi>{name}</bdi>
                  </p>
                  <Since event={findSince(events, "groups", id)} />
                </div>
              </li>
            ))}
          </ul>
        )}
        {groups.length > 0 && <Unread queries={[setGroups]} />}
        {mayChange && <GroupsWindow user={user} groups={groups} isOpen={edited === "groups"} onClose={close} />}
      </Card>
      <Card title={texts.grants.permissions} act={edit("permissions")}>
        <PermissionSources {...props} />
        {mayChange && (
          <PermissionsWindow user={user} permissions={permissions} isOpen={edited === "permissions"} onClose={close} />
        )}
      </Card>
    </>
  );
}

/** The events that set what somebody has, the newest first; not asked for where one may not see them. */
function useGrantEvents(userId: string, event: string) {
  const maySee = useMay("auth.view_auditevent");
  return useQuery({ ...trpc.audit.list.queryOptions({ userId, event, limit: 100 }), enabled: maySee });
}

function Since({ event }: { readonly event: GrantEvent | null }): ReactElement | null {
  const texts = useTexts();
  if (!event) return null;
  return (
    <p className="quiet small">
      {texts.grants.since} <Moment at={event.occurredAt} />
      {" · "}
      {texts.grants.by} {event.actorId === null ? texts.audit.operator : <PersonLink id={event.actorId} />}
    </p>
  );
}

function PermissionSources({ user, groups, permissions, effectivePermissions }: GrantsProps): ReactElement {
  const texts = useTexts();
  const known = useGroups();
  const given = known.groups.filter(({ id }) => groups.some((group) => group.id === id));
  const setPermissions = useGrantEvents(user.id, "permissions_set");
  const events = setPermissions.data?.events ?? [];
  if (user.isSuperuser) return <Empty>{texts.grants.everything}</Empty>;
  if (!user.isActive && permissions.length + groups.length > 0) return <Empty>{texts.grants.whileDisabled}</Empty>;
  if (effectivePermissions.length === 0) return <Empty>{texts.grants.noPermissions}</Empty>;
  return (
    <>
      <Unread queries={[known.query, setPermissions]} />
      <ul className="rows tight-rows">
        {effectivePermissions.map((permission) => {
          const by = given.filter((group) => group.permissions.includes(permission));
          const isOwn = permissions.includes(permission);
          return (
            <li key={permission}>
              <div>
                <code dir="ltr">{permission}</code>
                {by.length > 0 && (
                  <p className="quiet small">
                    {texts.grants.byGroup}{" "}
                    {by.map(({ id, name }, index) => (
                      <Fragment key={id}>
                        {index > 0 && ", "}
                        <bdi>{name}</bdi>
                      </Fragment>
                    ))}
                  </p>
                )}
                {isOwn && <p className="quiet small">{texts.grants.own}</p>}
                {isOwn && <Since event={findSince(events, "permissions", permission)} />}
                {!isOwn && by.length === 0 && <p className="quiet small">{texts.grants.bySomeGroup}</p>}
              </div>
            </li>
          );
        })}
      </ul>
    </>
  );
}
