import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { useFormats, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Moment } from "../parts/moment.tsx";
import { Loaded } from "../parts/state.tsx";
import { TableRegion } from "../parts/table-region.tsx";
import { trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { RotateWindow } from "./rotate-window.tsx";

/** The keys that sign access tokens, how old they are, and when the next one is made. */
export function KeysPage(): ReactElement {
  const texts = useTexts();
  const mayRotate = useMay("auth.rotate_key");
  const [isAsking, setAsking] = useState(false);
  const keys = useQuery(trpc.service.keys.queryOptions());
  return (
    <div className="page">
      <div className="head">
        <div className="head-text">
          <h1>{texts.places.keys}</h1>
          <p className="quiet">{texts.keys.lead}</p>
        </div>
        {mayRotate && (
          <Button kind="main" onPress={() => setAsking(true)}>
            {texts.keys.rotate}
          </Button>
        )}
      </div>
      <Loaded query={keys} lines={4}>
        {({ keys, isSecretShared, nextRotationAt }) => (
          <>
            {isSecretShared && <p className="notice warn">{texts.keys.shared}</p>}
            <p>
              {nextRotationAt === null ? (
                texts.keys.never
              ) : (
                <>
                  {texts.keys.next} <Moment at={nextRotationAt} />
                </>
              )}
            </p>
            <KeyTable keys={keys} />
          </>
        )}
      </Loaded>
      {mayRotate && <RotateWindow isOpen={isAsking} onClose={() => setAsking(false)} />}
    </div>
  );
}

interface Key {
  readonly kid: string;
  readonly algorithm: string;
  readonly createdAt: string;
  readonly signsFrom: string;
  readonly acceptedUntil: string | null;
  readonly state: "waiting" | "signing" | "accepted";
}

const columns = ["key", "state", "made", "signsFrom", "acceptedUntil", "algorithm"] as const;

function KeyTable({ keys }: { readonly keys: readonly Key[] }): ReactElement {
  const texts = useTexts();
  const { ago } = useFormats();
  return (
    <TableRegion label={texts.places.keys}>
      <table className="plain wide-table">
        <thead>
          <tr>
            {columns.map((name) => (
              <th scope="col" key={name}>
                {texts.keys.columns[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {keys.map(({ kid, algorithm, createdAt, signsFrom, acceptedUntil, state }) => (
            <tr key={kid}>
              <th scope="row">
                <code dir="ltr" title={kid}>
                  {kid.slice(0, 8)}…
                </code>
              </th>
              <td>
                <span className={state === "signing" ? "tag strong" : "tag"}>{texts.keys.states[state]}</span>
              </td>
              <td>
                {ago(createdAt)}
                <span className="quiet small block">
                  <Moment at={createdAt} />
                </span>
              </td>
              <td>
                <Moment at={signsFrom} />
              </td>
              <td>{acceptedUntil === null ? "–" : <Moment at={acceptedUntil} />}</td>
              <td>
                <bdi dir="ltr">{algorithm}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableRegion>
  );
}
