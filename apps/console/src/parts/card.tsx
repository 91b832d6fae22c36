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
  readonly children: ReactNode;
}

export function Fact({ name, isLatin = false, children }: FactProps): ReactElement {
  const isEmpty = children === null || children === undefined || children === "";
  return (
    <div>
      <dt>{name}</dt>
      <dd>{isEmpty ? <span className="quiet">–</span> : <bdi dir={isLatin ? "ltr" : undefined}>{children}</bdi>}</dd>
    </div>
  );
}
