import type { ReactElement } from "react";
import { useFormats } from "../language.tsx";

/** A time in the reader's zone; the exact one is shown to whoever points at it or asks for it. */
export function Moment({ at }: { readonly at: Date | string }): ReactElement {
  const { moment, exact } = useFormats();
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)}>
      {moment(at)}
    </time>
  );
}
