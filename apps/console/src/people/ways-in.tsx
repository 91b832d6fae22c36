import { isAuthError, type User } from "@latchkey/client";
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, type ReactNode, useId } from "react";
import { fill, fillCount, useTexts } from "../language.tsx";
import { Card, Fact } from "../parts/card.tsx";
import { Moment } from "../parts/moment.tsx";
import { Empty, Loaded, Unread } from "../parts/state.tsx";
import { type auth, trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { PersonLink } from "./person-link.tsx";

/** By what somebody signs in, as the service answers it; shared by all that show some of it. */
export const useWaysIn = (userId: string) => useQuery(trpc.users.getWaysIn.queryOptions({ id: userId }));

export type WaysInAnswer = Awaited<ReturnType<typeof auth.api.users.getWaysIn.query>>;
type Proof = NonNullable<WaysInAnswer["phoneNumber"]>;

/** By what somebody signs in, since when and by whose word, and what they agreed to. */
export function WaysIn({ user }: { readonly user: User }): ReactElement {
  const texts = useTexts();
  const ways = useWaysIn(user.id);
  return (
    <Card title={texts.ways.title}>
      {isAuthError(ways.error, "permission_denied") ? (
        <Empty>{texts.ways.above}</Empty>
      ) : (
        <Loaded query={ways} lines={5}>
          {(found) => (
            <>
              <dl className="facts">
                <ProofFact user={user} field="phoneNumber" proof={found.phoneNumber} />
                <ProofFact user={user} field="email" proof={found.email} />
                <PasswordFact {...found.password} />
                <FactorFacts {...found} />
              </dl>
              <Consents consents={found.consents} />
            </>
          )}
        </Loaded>
      )}
    </Card>
  );
}

interface ProofFactProps {
  readonly user: User;
  readonly field: "phoneNumber" | "email";
  readonly proof: Proof | null;
}

function ProofFact({ user, field, proof }: ProofFactProps): ReactElement {
  const texts = useTexts();
  return (
    <Fact name={texts.fields[field]}>
      {proof && (
        <>
          {texts.ways.proofs[proof.by]}
          {proof.since !== null && (
            <Beside>
              {texts.grants.since} <Moment at={proof.since} />
              {proof.by === "administrator" && <VouchedBy userId={user.id} field={field} />}
            </Beside>
          )}
        </>
      )}
    </Fact>
  );
}

/** Who vouched for a name last, as the audit trail has it. */
function VouchedBy({ userId, field }: { readonly userId: string; readonly field: string }): ReactElement | null {
  const texts = useTexts();
  const maySee = useMay("auth.view_auditevent");
  const read = (event: string) => ({ ...trpc.audit.list.queryOptions({ userId, event, limit: 100 }), enabled: maySee });
  const updated = useQuery(read("user_updated"));
  const created = useQuery(read("user_created"));
  const names = (detail: Readonly<Record<string, unknown>>) =>
    Array.isArray(detail.fields) && detail.fields.includes(field);
  const event = updated.data?.events.find(({ detail }) => names(detail)) ?? created.data?.events[0];
  if (!updated.data || !event) return <Unread queries={[updated, created]} />;
  return (
    <>
      {" · "}
      {texts.grants.by} {event.actorId === null ? texts.audit.operator : <PersonLink id={event.actorId} />}
    </>
  );
}

function PasswordFact({ isSet, setAt, changeDueAt }: WaysInAnswer["password"]): ReactElement {
  const texts = useTexts();
  return (
    <Fact name={texts.ways.password}>
      {isSet ? texts.ways.isSet : texts.ways.none}
      {setAt !== null && (
        <Beside>
          {texts.grants.since} <Moment at={setAt} />
        </Beside>
      )}
      {changeDueAt !== null && <span className="block small bad-text">{texts.ways.changeDue}</span>}
    </Fact>
  );
}

function FactorFacts({ totp, passkeys, recoveryCodes }: WaysInAnswer): ReactElement {
  const texts = useTexts();
  return (
    <>
      <Fact name={texts.ways.app}>
        {totp ? texts.ways.isSet : texts.ways.none}
        {totp && (
          <Beside>
            {texts.grants.since} <Moment at={totp.since} /> · <LastUse at={totp.lastUsedAt} />
          </Beside>
        )}
      </Fact>
      <Fact name={texts.ways.passkeys}>
        {passkeys.count === 0 ? texts.ways.none : fillCount(texts.ways.passkeyCount, passkeys.count, texts)}
        {passkeys.count > 0 && (
          <Beside>
            <LastUse at={passkeys.lastUsedAt} />
          </Beside>
        )}
      </Fact>
      <Fact name={texts.ways.recoveryCodes}>
        {recoveryCodes === null ? texts.ways.none : fillCount(texts.ways.left, recoveryCodes.left, texts)}
      </Fact>
    </>
  );
}

function LastUse({ at }: { readonly at: string | null }): ReactElement {
  const texts = useTexts();
  if (at === null) return <>{texts.ways.neverUsed}</>;
  return (
    <>
      {texts.sessions.lastUsed} <Moment at={at} />
    </>
  );
}

const Beside = ({ children }: { readonly children: ReactNode }): ReactElement => (
  <span className="quiet small block">{children}</span>
);

function Consents({ consents }: Pick<WaysInAnswer, "consents">): ReactElement | null {
  const texts = useTexts();
  const id = useId();
  if (consents.length === 0) return null;
  return (
    <section aria-labelledby={id} className="block-start">
      <h3 id={id}>{texts.ways.consents}</h3>
      <ul className="rows tight-rows">
        {consents.map(({ isGiven, decidedAt, decidedBy, textVersion }, index) => (
          <li key={index}>
            <div>
              {isGiven ? texts.ways.given : texts.ways.withdrawn}
              <Beside>
                {decidedAt !== null && (
                  <>
                    <Moment at={decidedAt} />
                    {" · "}
                  </>
                )}
                {texts.ways.deciders[decidedBy]}
                {textVersion !== null && (
                  <>
                    {" · "}
                    {fill(texts.ways.textVersion, { version: textVersion })}
                  </>
                )}
              </Beside>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
