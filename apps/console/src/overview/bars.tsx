import { type ReactElement, useId } from "react";
import { useTexts } from "../language.tsx";

export interface Series {
  readonly name: string;
  readonly kind: "good" | "bad";
  readonly values: readonly number[];
}

interface BarsProps {
  readonly title: string;
  /** What stands below every sixth bar, one for each value. */
  readonly labels: readonly string[];
  readonly series: readonly Series[];
  /** What is unusual about it, in words; nothing where nothing is. */
  readonly remark?: string | undefined;
  show(value: number): string;
}

const height = 120;
const step = 24;

/** Bars over the hours, one series on the other, and the same numbers as a table. */
export function Bars({ title, labels, series, remark, show }: BarsProps): ReactElement {
  const texts = useTexts();
  const id = useId();
  const totals = labels.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const most = Math.max(1, ...totals);
  const width = labels.length * step;
  return (
    <section className="card chart-card" aria-labelledby={id}>
      <div className="card-head">
        <h2 id={id}>{title}</h2>
        <ul className="legend">
          {series.map(({ name, kind, values }) => (
            <li key={name}>
              <span className={`dot ${kind}`} aria-hidden="true" />
              {name} <b>{show(values.reduce((sum, value) => sum + value, 0))}</b>
            </li>
          ))}
        </ul>
      </div>
      {remark && <p className="notice warn">{remark}</p>}
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
            return series.map(({ name, kind, values }) => {
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
            .filter((_, index) => index % 6 === 0)
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
                <th scope="col">{texts.overview.hour}</th>
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
