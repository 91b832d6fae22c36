import type { ReactElement } from "react";
import { useTexts } from "../language.tsx";

export interface ChangedField {
  readonly name: string;
  readonly was: string;
  readonly now: string;
}

/** Tells whoever saves second what somebody else has changed since the form was opened. */
export function Changed({ fields }: { readonly fields: readonly ChangedField[] }): ReactElement | null {
  const texts = useTexts();
  if (fields.length === 0) return null;
  return (
    <div className="notice warn" role="alert">
      <p>{texts.changed.title}</p>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{texts.changed.field}</th>
            <th scope="col">{texts.changed.was}</th>
            <th scope="col">{texts.changed.now}</th>
          </tr>
        </thead>
        <tbody>
          {fields.map(({ name, was, now }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <bdi>{was}</bdi>
              </td>
              <td>
                <bdi>{now}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>{texts.changed.next}</p>
    </div>
  );
}
