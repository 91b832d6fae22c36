import type { ReactElement, ReactNode } from "react";
import { explain } from "../explain.ts";
import { useTexts } from "../language.tsx";
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

interface LoadedProps<Data> {
  readonly query: { readonly data: Data | undefined; readonly error: unknown; refetch(): unknown };
  readonly lines?: number;
  children(data: Data): ReactNode;
}

/** What a query answered, or what there is until then, or why there is nothing. */
export function Loaded<Data>({ query, lines, children }: LoadedProps<Data>): ReactElement {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Fault error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton {...(lines !== undefined && { lines })} />;
}
