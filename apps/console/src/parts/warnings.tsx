import type { ReactElement } from "react";

interface WarningsProps {
  readonly title: string;
  /** As the service says them, in English. */
  readonly lines: readonly string[];
  /** `warn` is for what should be mended. */
  readonly kind?: "warn" | "plain";
}

/** What the service says of itself, a line each; nothing where there is nothing. */
export function Warnings({ title, lines, kind = "warn" }: WarningsProps): ReactElement | null {
  if (lines.length === 0) return null;
  return (
    <section className={kind === "warn" ? "notice warn" : "notice plain-note"} aria-label={title}>
      <p>{title}</p>
      <ul className="bullets" lang="en" dir="ltr">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}
