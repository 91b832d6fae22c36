import type { ReactElement, ReactNode } from "react";

interface TableRegionProps {
  readonly label: string;
  readonly children: ReactNode;
}

/** A table that may be wider than the window: people without a mouse scroll it with the keyboard. */
export function TableRegion({ label, children }: TableRegionProps): ReactElement {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex lint/a11y/useSemanticElements: it has to take the focus to be scrolled by keys
    <div className="card table-scroll" tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}
