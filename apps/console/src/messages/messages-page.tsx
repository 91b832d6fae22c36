import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { fill, fillCount, useFormats, useTexts } from "../language.tsx";
import { Bars } from "../overview/bars.tsx";
import { toMessageSeries } from "../overview/message-series.ts";
import { listDays } from "../overview/steps.ts";
import { Choice, type Option } from "../parts/choice.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { TableRegion } from "../parts/table-region.tsx";
import { trpc } from "../service.ts";

const columns = ["asked", "sent", "delivered", "failed", "proved"] as const;

/** What became of messages in the last 24 hours, by country, and in two weeks, by day. */
export function MessagesPage(): ReactElement {
  const texts = useTexts();
  const { number, country } = useFormats();
  const report = useQuery({ ...trpc.messages.overview.queryOptions(), refetchInterval: 60_000 });
  const nameOf = (code: string) => texts.messages.kinds[code as keyof typeof texts.messages.kinds] ?? country(code);
  return (
    <div className="page">
      <div className="head">
        <div>
          <h1>{texts.places.messages}</h1>
          <p className="quiet">{texts.messages.lead}</p>
        </div>
      </div>
      <Loaded query={report} lines={8}>
        {({ countries, left }) => {
          const most = Math.max(1, ...countries.map(({ asked, sent }) => Math.max(asked, sent)));
          return (
            <>
              <p className="figure">{fillCount(texts.messages.left, left, texts)}</p>
              <Days countries={countries.map(({ country: id }) => ({ id, name: nameOf(id) }))} />
              {countries.length === 0 ? (
                <Empty>{texts.messages.none}</Empty>
              ) : (
                <TableRegion label={texts.places.messages}>
                  <table className="plain wide-table">
                    <thead>
                      <tr>
                        <th scope="col">{texts.fields.country}</th>
                        <th scope="col">
                          <span className="hidden-text">{texts.messages.share}</span>
                        </th>
                        {columns.map((name) => (
                          <th scope="col" key={name} className="digits">
                            {texts.messages.columns[name]}
                          </th>
                        ))}
                        <th scope="col" className="digits">
                          {texts.messages.columns.left}
                        </th>
                        <th scope="col">{texts.messages.columns.refused}</th>
                      </tr>
                    </thead>
                    <tbody>
                      {countries.map((one) => (
                        <tr key={one.country}>
                          <th scope="row">{nameOf(one.country)}</th>
                          <td>
                            <svg
                              className="line-bars"
                              viewBox="0 0 100 12"
                              preserveAspectRatio="none"
                              aria-hidden="true"
                            >
                              <rect className="faint" x="0" y="0" height="12" width={(one.asked / most) * 100} rx="2" />
                              <rect className="good" x="0" y="3" height="6" width={(one.proved / most) * 100} rx="2" />
                            </svg>
                          </td>
                          {columns.map((name) => (
                            <td key={name} className="digits">
                              {number(one[name])}
                            </td>
                          ))}
                          <td className="digits">{one.left === null ? "–" : number(one.left)}</td>
                          <td>
                            {Object.entries(one.refused).length === 0
                              ? "–"
                              : Object.entries(one.refused).map(([rule, times]) => (
                                  <span key={rule} className="block">
                                    {fill(texts.messages.refusal, {
                                      rule: texts.messages.rules[rule as keyof typeof texts.messages.rules] ?? rule,
                                      times: number(times),
                                    })}
                                  </span>
                                ))}
                          </td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </TableRegion>
              )}
            </>
          );
        }}
      </Loaded>
    </div>
  );
}

/** Days in the reader's zone. The service counts two weeks back, so that the first of them is whole. */
const days = 14;

/** What became of messages on each day, in one country or in all. */
function Days({ countries }: { readonly countries: readonly Option[] }): ReactElement {
  const texts = useTexts();
  const { date } = useFormats();
  const [country, setCountry] = useState("");
  const history = useQuery({
    ...trpc.messages.history.queryOptions(country === "" ? {} : { country }),
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={history} lines={8}>
      {({ at, hours }) => {
        const steps = listDays(at, days);
        return (
          <Bars
            title={texts.messages.byDay}
            labels={steps.map((step) => date(new Date(step)))}
            each={7}
            series={toMessageSeries(steps, hours, texts)}
            act={
              <Choice
                isBare
                label={texts.fields.country}
                options={[{ id: "", name: texts.messages.everywhere }, ...countries]}
                value={country}
                onChange={setCountry}
              />
            }
          />
        );
      }}
    </Loaded>
  );
}
