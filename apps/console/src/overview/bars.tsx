import { type ReactElement, type ReactNode, useId } from "react";
import { useFormats, useTexts } from "../language.tsx";
import { isUnusual } from "./steps.ts";

export interface Series {
  readonly name: string;
  /** How its bars look; one that is `listed` has none, and is in the table alone. */
  readonly kind: "good" | "bad" | "refused" | "listed";
  readonly values: readonly number[];
}

interface BarsProps {
  readonly title: string;
  /** When each bar begins, one for each value. */
  readonly labels: readonly string[];
  /** How many bars there are to a label below them. */
  readonly each: number;
  readonly series: readonly Series[];
  /** What is chosen beside the title. */
  readonly act?: ReactNode;
}

const height = 120;
const step = 24;

/** Bars over time, one series on the other, what is unusual about them in words, and all numbers as a table. */
export function Bars({ title, labels, each, series, act }: BarsProps): ReactElement {
  const texts = useTexts();
  const { number: show } = useFormats();
  const id = useId();
  const drawn = series.filter(({ kind }) => kind !== "listed");
  const unusual = series.filter(({ values }) => isUnusual(values)).map(({ name }) => name);
  const totals = labels.map((_, index) => drawn.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const most = Math.max(1, ...totals);
  const width = labels.length * step;
  return (
    <section className="card chart-card" aria-labelledby={id}>
      <div className="card-head">
        <h2 id={id}>{title}</h2>
        {act}
        <ul className="legend">
          {series.map(({ name, kind, values }) => (
            <li key={name}>
              {kind !== "listed" && <span className={`dot ${kind}`} aria-hidden="true" />}
              {name} <b>{show(values.reduce((sum, value) => sum + value, 0))}</b>
            </li>
          ))}
        </ul>
      </div>
      {unusual.length > 0 && (
        <p className="notice warn">
          {texts.overview.unusual} {unusual.join(", ")}
        </p>
      )}
      <figure>
        <p className="chart-most" aria-hidden="true">
          {show(most)}
        </p>
        <svg className="bars" viewBox={`0 0 ${width} ${height + 4}`} preserveAspectRatio="none" aria-hidden="true">
          {[0, 0.5, 1].map((share) => (
            <line key={share} x1="0" x2={width} y1={2 + height * share} y2={2 + height * share} className="grid-line" />
          ))}
          {labels.map((label, index) => {
            let top = 2 + height;
            return drawn.map(({ name, kind, values }) => {
              const tall = ((values[index] ?? 0) / most) * height;
              top -= tall;
              return (
                <rect
                  key={`${label} ${name}`}
                  className={kind}
                  x={index * step + 4}
                  width={step - 8}
                  y={top}
                  height={tall}
                  rx="1.5"
                />
              );
            });
          })}
        </svg>
        <div className="chart-labels" aria-hidden="true">
          {labels
            .filter((_, index) => index % each === 0)
            .map((label) => (
              <span key={label}>{label}</span>
            ))}
        </div>
      </figure>
      <details>
        <summary>{texts.overview.numbers}</summary>
        <div className="table-scroll">
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{texts.audit.from}</th>
                {series.map(({ name }) => (
                  <th scope="col" key={name}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {labels.map((label, index) => (
                <tr key={label}>
                  <th scope="row">{label}</th>
                  {series.map(({ name, values }) => (
                    <td key={name}>{show(values[index] ?? 0)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
