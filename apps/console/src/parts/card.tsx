import { type ReactElement, type ReactNode, useId } from "react";

interface CardProps {
  readonly title: string;
  /** What can be done with it, beside its title. */
  readonly act?: ReactNode;
  readonly children: ReactNode;
}

export function Card({ title, act, children }: CardProps): ReactElement {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <div className="card-head">
        <h2 id={id}>{title}</h2>
        {act}
      </div>
      {children}
    </section>
  );
}

interface FactProps {
  readonly name: string;
  /** Whether it is written from left to right in every language. */
  readonly isLatin?: boolean;
  /** Whether the service says it, in English. */
  readonly isEnglish?: boolean;
  readonly children: ReactNode;
}

export function Fact({ name, isLatin = false, isEnglish = false, children }: FactProps): ReactElement {
  const isEmpty = children === null || children === undefined || children === "";
  const direction = isLatin || isEnglish ? "ltr" : undefined;
  const value = (
    <bdi dir={direction} lang={isEnglish ? "en" : undefined}>
      {children}
    </bdi>
  );
  return (
    <div>
      <dt>{name}</dt>
      <dd>{isEmpty ? <span className="quiet">–</span> : value}</dd>
    </div>
  );
}
