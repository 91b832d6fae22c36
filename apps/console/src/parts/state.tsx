import type { ReactElement, ReactNode } from "react";
import { explain } from "../explain.ts";
import { useTexts } from "../language.tsx";
import { askAgain } from "../service.ts";
import { Button } from "./button.tsx";

/** Where something comes soon: as large as that, so that nothing jumps. */
export function Skeleton({ lines = 3 }: { readonly lines?: number }): ReactElement {
  const texts = useTexts();
  return (
    <div className="skeleton" role="status" aria-label={texts.loading}>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} />
      ))}
    </div>
  );
}

export function Fault({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }): ReactElement {
  const texts = useTexts();
  return (
    <div className="notice bad" role="alert">
      <p>{explain(error, texts)}</p>
      {onRetry && (
        <Button isSmall onPress={onRetry}>
          {texts.tryAgain}
        </Button>
      )}
    </div>
  );
}

export function Empty({ children }: { readonly children: ReactNode }): ReactElement {
  return <p className="empty">{children}</p>;
}

/** What is asked of the service, as far as it is known whether that comes. */
interface Asked {
  readonly error: unknown;
  readonly failureCount: number;
  readonly failureReason: unknown;
}

/** Why something does not come: it was refused, or was not answered and is asked for again, more than once. Null while it may just be slow. */
export const findFailure = ({ error, failureCount, failureReason }: Asked): unknown =>
  error ?? (failureCount > 1 ? failureReason : null);

interface LoadedProps<Data> {
  readonly query: Asked & { readonly data: Data | undefined; readonly isFetchNextPageError?: boolean };
  readonly lines?: number;
  children(data: Data): ReactNode;
}

/** What a query answered, or what there is until then, or why there is nothing. */
export function Loaded<Data>({ query, lines, children }: LoadedProps<Data>): ReactElement {
  const failure = findFailure(query);
  // Of a page that did not come, the end of the list tells.
  const fault = failure != null && !query.isFetchNextPageError && <Fault error={failure} onRetry={askAgain} />;
  if (query.data === undefined) return fault || <Skeleton {...(lines !== undefined && { lines })} />;
  return (
    <>
      {query.error != null && fault}
      {children(query.data)}
    </>
  );
}

/** That something could not be read which would look as if there was none of it. */
export function Unread({ queries }: { readonly queries: readonly (Asked & { readonly data: unknown })[] }) {
  const failed = queries.find((query) => query.data === undefined && findFailure(query) != null);
  return failed ? <Fault error={findFailure(failed)} onRetry={askAgain} /> : null;
}
